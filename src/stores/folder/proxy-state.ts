/** Small facts in a proxy's state folder: the index's name, the proxy that runs, and what it last said of its view. */
import { readFileSync, statSync } from "node:fs";
import { chmod, mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { integer, object, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isCode, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

/** Where a proxy listens, for other commands on the same state folder. */
export type RunningProxy = {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Answered by that proxy, and by no other program that has its port by now. */
  readonly instance: string;
};

export type Credentials = { readonly username: string; readonly password: string };

export type ProxyState = {
  readonly readName: () => Promise<string | undefined>;
  readonly writeName: (name: string) => Promise<void>;
  readonly readRunning: () => Promise<RunningProxy | undefined>;
  readonly writeRunning: (running: RunningProxy) => Promise<void>;
  readonly removeRunning: () => Promise<void>;
  /** The last report, as it was written. */
  readonly readReport: () => Promise<Uint8Array | undefined>;
  readonly writeReport: (report: object) => Promise<void>;
};

const stateFileLimits = { sizeMax: 1_048_576, depthMax: 8 } as const;
const placeName = "place.json";
const decodePlace = object({ inode: string });
const decodeName = object({ name: string });
const decodeRunning = object({
  pid: integer,
  host: string,
  port: integer,
  name: string,
  instance: string,
});
const decodeCredentials = object({ username: string, password: string });

/** Makes the folder, for its owner alone. */
export async function openProxyState(folder: string): Promise<ProxyState> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await markPlace(folder);
  } catch (error) {
    throw storageError(error, `make the state folder ${folder}`);
  }
  const path = (name: string): string => join(folder, name);
  return {
    readName: async () => (await readStateFile(path("name.json"), decodeName))?.name,
    writeName: (name) => writeRenamedFile(path("name.json"), formatLine({ name })),
    readRunning: () => readRunningProxy(folder),
    writeRunning: (running) => writeRenamedFile(path("running.json"), formatLine(running)),
    removeRunning: () => rm(path("running.json"), { force: true }),
    readReport: () => readIfThere(path("view.json")),
    writeReport: (report) => writeRenamedFile(path("view.json"), formatLine(report)),
  };
}

/** For whoever may only look; the proxy itself opens the state. */
export function readRunningProxy(folder: string): Promise<RunningProxy | undefined> {
  return readStateFile(join(folder, "running.json"), decodeRunning);
}

/**
 * A state folder says whom to believe, so one that came with somebody's archive or repository must not be taken for
 * ours: it knows its own inode, which nobody else can have foreseen.
 */
async function markPlace(folder: string): Promise<void> {
  if (isMadeHere(folder)) return;
  const { ino } = await stat(folder);
  await writeRenamedFile(join(folder, placeName), formatLine({ inode: String(ino) }));
}

/** Whether a proxy was told by name, on this machine, to keep its state in this very folder. */
export function isMadeHere(folder: string): boolean {
  try {
    const bytes = readFileSync(join(folder, placeName));
    const { inode } = decodePlace(parseJson(bytes, stateFileLimits), "");
    return inode === String(statSync(folder).ino);
  } catch (error) {
    if (error instanceof FormatError || isCode(error, "ENOENT")) return false;
    throw storageError(error, `read ${folder}`);
  }
}

export async function folderExists(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
}

/**
 * `{"username", "password"}` in a file that others cannot read; undefined when there is no such file. Throws
 * RefusedError `proxy.credentials`, which never quotes the file.
 */
export async function readCredentials(path: string): Promise<Credentials | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new RefusedError("proxy.credentials", `Others can read ${path}: run chmod 600 on it`);
  }
  try {
    return decodeCredentials(parseJson(bytes, stateFileLimits), "");
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const sentence = `${path} is not {"username": "…", "password": "…"}`;
    throw new RefusedError("proxy.credentials", sentence);
  }
}

/** undefined when it is not there, or damaged: all of this can be found out again. */
export async function readStateFile<T>(path: string, decode: Decoder<T>): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return decode(parseJson(bytes, stateFileLimits), "");
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw storageError(error, `read ${path}`);
  }
}

function formatLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
