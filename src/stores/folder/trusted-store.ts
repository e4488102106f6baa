/**
 * The updater's trust on a disk: `<state>/tuf/<version>.root.json` for every root, `<version>.<role>.json` for timestamp,
 * snapshot and targets, `roles/<hash of the name>.json` for delegated roles.
 *
 * Several processes may use one state folder: the highest version is what counts, and a file is added before lower
 * ones are removed, so a slower process cannot take trust back to an older version.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { integer, object } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isCode, writeNewFile, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const versionedRoles: ReadonlySet<string> = new Set(["snapshot", "targets", "timestamp"]);
/** Another process may remove a file between our listing and our reading. */
const readTriesMax = 10;

export function createFolderTrustedStore(state: string): TrustedStore {
  const folder = join(state, "tuf");
  const delegated = (role: string): string =>
    join(folder, "roles", `${sha256Hex(formatUtf8(role))}.json`);
  return {
    readRoot: () => readNewest(folder, "root"),
    readRootAt: (version) => readIfThere(join(folder, `${version}.root.json`)),
    writeRoot: async (version, bytes) => {
      const path = join(folder, `${version}.root.json`);
      if (await writeNewFile(path, bytes)) return;
      const kept = await readIfThere(path);
      if (kept !== undefined && sha256Hex(kept) === sha256Hex(bytes)) return;
      throw new TrustError(
        "tuf.version",
        `Cannot keep root ${version}: another root ${version} is trusted already`,
        { version, trusted: kept === undefined ? "" : sha256Hex(kept), offered: sha256Hex(bytes) },
      );
    },
    readRole: async (role) =>
      versionedRoles.has(role)
        ? await readNewest(folder, role)
        : await readIfThere(delegated(role)),
    writeRole: async (role, bytes) => {
      if (!versionedRoles.has(role)) return await writeRenamedFile(delegated(role), bytes);
      const version = versionOf(bytes);
      await writeRenamedFile(join(folder, `${version}.${role}.json`), bytes, { durable: true });
      for (const lower of await versionsOf(folder, role)) {
        if (lower < version) await rm(join(folder, `${lower}.${role}.json`), { force: true });
      }
    },
    deleteRole: async (role) => {
      if (!versionedRoles.has(role)) return await rm(delegated(role), { force: true });
      for (const version of await versionsOf(folder, role)) {
        await rm(join(folder, `${version}.${role}.json`), { force: true });
      }
    },
  };
}

async function readNewest(folder: string, role: string): Promise<Uint8Array | undefined> {
  for (let tries = 0; tries < readTriesMax; tries++) {
    const versions = await versionsOf(folder, role);
    if (versions.length === 0) return undefined;
    const bytes = await readIfThere(join(folder, `${Math.max(...versions)}.${role}.json`));
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

async function versionsOf(folder: string, role: string): Promise<readonly number[]> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const versions: number[] = [];
    for (const name of await readdir(folder)) {
      const match = /^([1-9][0-9]{0,15})\.([a-z]+)\.json$/.exec(name);
      if (match?.[2] === role) versions.push(Number(match[1]));
    }
    return versions;
  } catch (error) {
    throw storageError(error, `read ${folder}`);
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

const decodeVersion = object({ signed: object({ version: integer }) });

function versionOf(bytes: Uint8Array): number {
  return decodeVersion(parseJson(bytes), "").signed.version;
}
