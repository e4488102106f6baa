/**
 * A whole index on memory, behind a real HTTP server on loopback: fixed clock, timers that fire when told to, a signer
 * without keys. What a test needs to send and to see.
 */
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { Server } from "node:http";
import { RefusedError } from "#core/errors.ts";
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { SecretFile } from "#core/accounts/secret-file.ts";
import type { LocalFile, LocalFolders } from "#core/releases/local-folders.ts";
import type { ReleaseStore } from "#core/releases/release-store.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { createMemoryAccountStore } from "#stores/memory/account-store.ts";
import { createMemoryFiles, createMemoryFileStore } from "#stores/memory/file-store.ts";
import type { MemoryFiles } from "#stores/memory/file-store.ts";
import { MemoryReleaseStore } from "#stores/memory/release-store.ts";
import { createMemorySigner } from "#stores/memory/signer-door.ts";
import type { MemorySigner } from "#stores/memory/signer-door.ts";
import type { AccessEntry, IndexPorts, IndexSettings } from "#apps/index/index-ports.ts";
import { createIndex } from "#apps/index/index-program.ts";
import type { IndexProgram } from "#apps/index/index-program.ts";
import { createSimClock } from "./sim-clock.ts";
import type { SimClock } from "./sim-clock.ts";

export type Answer = {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};

export type Sending = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

/** A part of an upload form: a field, or a file. */
export type FormPart =
  | readonly [name: string, value: string]
  | {
      readonly name: string;
      readonly filename: string;
      readonly bytes: Uint8Array;
      readonly type?: string;
    };

export type IndexWorld = {
  readonly index: IndexProgram;
  readonly ports: IndexPorts;
  readonly accounts: AccountStore;
  readonly releases: ReleaseStore;
  readonly files: MemoryFiles;
  readonly signer: MemorySigner;
  readonly clock: SimClock;
  readonly log: AccessEntry[];
  readonly troubles: string[];
  /** What stands in the files for the first token and the proxy's credentials. */
  readonly secrets: { firstToken: string | undefined; proxyCredentials: string | undefined };
  /** Files for imports, by folder. */
  readonly folders: Map<string, readonly LocalFile[]>;
  /** What was asked of the operator's folders, in order. */
  readonly folderCalls: string[];
  /** Runs every timer that is set. */
  fireTimers(): Promise<void>;
  /** The first token's credentials. */
  readonly authorization: string;
  send(path: string, sending?: Sending): Promise<Answer>;
  /** At the admin door. */
  sendAdmin(method: string, path: string, body?: unknown): Promise<Answer>;
  upload(parts: readonly FormPart[], headers?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): Promise<void>;
};

export type IndexWorldOptions = Partial<IndexSettings>;

export async function createIndexWorld(options: IndexWorldOptions = {}): Promise<IndexWorld> {
  const settings: IndexSettings = {
    name: "harbour",
    proxyPort: 8471,
    isPrivate: false,
    uploadSizeMax: 1_000_000,
    ...options,
  };
  const state = createState();
  const index = createIndex(state.ports, settings, {
    firstToken: secretFile(state.secrets, "firstToken"),
    proxyCredentials: secretFile(state.secrets, "proxyCredentials"),
  });
  await index.start();
  const web = createServer(index.handle);
  const endPlain = index.attach(web);
  const admin = createServer(index.handleAdmin);
  const [webPort, adminPort] = [await listen(web), await listen(admin)];
  const authorization = basic(state.secrets.firstToken?.trim() ?? "");
  return {
    ...state,
    index,
    authorization,
    send: (path, sending = {}) => send(webPort, path, sending),
    sendAdmin: (method, path, body) =>
      send(adminPort, path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    upload: (parts, headers = {}) =>
      send(webPort, "/legacy/", {
        method: "POST",
        headers: {
          authorization,
          "content-type": `multipart/form-data; boundary=${boundary}`,
          ...headers,
        },
        body: formBody(parts),
      }),
    async close() {
      index.stop();
      endPlain();
      for (const server of [web, admin]) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
    },
  };
}

type State = Pick<
  IndexWorld,
  | "accounts"
  | "clock"
  | "files"
  | "fireTimers"
  | "folderCalls"
  | "folders"
  | "log"
  | "ports"
  | "releases"
  | "secrets"
  | "signer"
  | "troubles"
>;

function createState(): State {
  const clock = createSimClock("2026-11-21T08:00:00.123Z");
  const accounts = createMemoryAccountStore();
  const releases = new MemoryReleaseStore(accounts);
  const files = createMemoryFiles();
  const signer = createMemorySigner();
  const log: AccessEntry[] = [];
  const troubles: string[] = [];
  const folders = new Map<string, readonly LocalFile[]>();
  const folderCalls: string[] = [];
  const timers = new Map<number, () => void>();
  let timerCount = 0;
  let randomCount = 0;
  const ports: IndexPorts = {
    clock: clock.now,
    stopwatch: () => clock.now().getTime(),
    timer(_ms, run) {
      const id = (timerCount += 1);
      timers.set(id, run);
      return () => timers.delete(id);
    },
    random(size) {
      const bytes = new Uint8Array(size);
      new DataView(bytes.buffer).setUint32(size - 4, (randomCount += 1));
      return bytes;
    },
    accounts,
    releases,
    files: createMemoryFileStore(files),
    published: signer.published,
    door: {
      ...signer.door,
      async backup(folder) {
        folderCalls.push(`signer ${folder}`);
        await signer.door.backup(folder);
      },
    },
    folders: simFolders(folders, folderCalls),
    logAccess: (entry) => void log.push(entry),
    logTrouble: (message) => void troubles.push(message),
  };
  const secrets = { firstToken: undefined, proxyCredentials: undefined };
  return {
    accounts,
    clock,
    files,
    folderCalls,
    folders,
    log,
    ports,
    releases,
    secrets,
    signer,
    troubles,
    async fireTimers() {
      const due = [...timers.values()];
      timers.clear();
      for (const run of due) run();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function simFolders(
  folders: ReadonlyMap<string, readonly LocalFile[]>,
  calls: string[],
): LocalFolders {
  return {
    listFiles: async (folder) => {
      const files = folders.get(folder);
      if (files !== undefined) return files;
      throw new RefusedError("folder.unusable", `Cannot use the folder ${folder}: there is none`);
    },
    makeEmpty: async (folder) => void calls.push(`empty ${folder}`),
    makeBelow: async (folder, name) => {
      calls.push(`below ${folder}/${name}`);
      return `${folder}/${name}`;
    },
    backupDatabase: async (folder) => void calls.push(`index ${folder}`),
    writeText: async (folder, name) => void calls.push(`write ${folder}/${name}`),
  };
}

/** A file in a folder of the operator. */
export function aLocalFile(path: string, bytes: Uint8Array): LocalFile {
  return {
    path,
    filename: path.split("/").at(-1) ?? "",
    size: bytes.byteLength,
    modifiedAt: new Date("2020-02-03T04:05:06Z"),
    async *stream(): AsyncIterable<Uint8Array> {
      yield bytes;
    },
  };
}

function secretFile(
  secrets: IndexWorld["secrets"],
  name: "firstToken" | "proxyCredentials",
): SecretFile {
  return {
    read: async () => secrets[name],
    async write(text) {
      secrets[name] = text;
    },
    async remove() {
      secrets[name] = undefined;
    },
  };
}

export function basic(token: string, username = "__token__"): string {
  return `Basic ${Buffer.from(`${username}:${token}`).toString("base64")}`;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

/** The path goes out as it is: no client in between that would tidy it up. */
function send(
  port: number,
  path: string,
  { method = "GET", headers, body }: Sending,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asking = request(
    { host: "127.0.0.1", port, path, method, agent: false, headers: { ...headers } },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? "",
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: Buffer.concat(chunks),
        });
      });
    },
  );
  asking.on("error", reject);
  asking.end(body);
  return promise;
}

const boundary = "the-boundary-of-this-form";

export function formBody(parts: readonly FormPart[]): Buffer {
  const chunks: Uint8Array[] = [];
  for (const part of parts) {
    const isFile = "bytes" in part;
    const head = isFile
      ? `name="${part.name}"; filename="${part.filename}"${part.type === undefined ? "" : `\r\nContent-Type: ${part.type}`}`
      : `name="${part[0]}"`;
    chunks.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
      isFile ? part.bytes : Buffer.from(part[1]),
      Buffer.from("\r\n"),
    );
  }
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}

type UploadableFile = { readonly filename: string; readonly bytes: Uint8Array };

/** The least that an upload needs. */
export function uploadParts(
  name: string,
  version: string,
  { filename, bytes }: UploadableFile,
): readonly FormPart[] {
  const isWheel = filename.endsWith(".whl");
  return [
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["name", name],
    ["version", version],
    ["filetype", isWheel ? "bdist_wheel" : "sdist"],
    ["sha256_digest", sha256Hex(bytes)],
    { name: "content", filename, bytes, type: "application/octet-stream" },
  ];
}

/** These parts with one field set to another value, or left out. */
export function withField(
  parts: readonly FormPart[],
  name: string,
  value: string | undefined,
): readonly FormPart[] {
  const others = parts.filter((part) => "bytes" in part || part[0] !== name);
  return value === undefined ? others : [[name, value], ...others];
}
