/**
 * The updater's trust on a disk: `<state>/tuf/<version>.root.json` for every root, `<version>.<role>.json` for timestamp
 * and snapshot, `targets.json`, `roles/<hash of the name>.json` for delegated roles. After a root that ended rollback
 * protection, timestamp and snapshot are called `<version>.<role>.since-root-<its version>.json`.
 *
 * Several processes may use one state folder: the highest version is what counts, and a file is added before lower
 * ones are removed, so a slower process cannot take trust back to an older version. Of targets and delegated roles the
 * snapshot says which version counts, and after a recovery that may be a lower one; so their last file is kept, and a
 * slower process leaves alone the targets that the newest snapshot lists.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { integer, object, optional } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isCode, writeNewFile, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const versionedRoles: ReadonlySet<string> = new Set(["snapshot", "timestamp"]);
/** Another process may remove a file between our listing and our reading. */
const readTriesMax = 10;

export function createFolderTrustedStore(state: string): TrustedStore {
  const folder = join(state, "tuf");
  const lastFile = (role: string): string =>
    role === "targets"
      ? join(folder, "targets.json")
      : join(folder, "roles", `${sha256Hex(formatUtf8(role))}.json`);
  return {
    readRoot: () => readNewest(folder, "root", 0),
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
    readRole: async (role, since = 0) =>
      versionedRoles.has(role)
        ? await readNewest(folder, role, since)
        : await readIfThere(lastFile(role)),
    writeRole: async (role, bytes, since = 0, known) => {
      if (!versionedRoles.has(role)) {
        if (role === "targets" && (await isOvertaken(folder, bytes))) return;
        return await writeRenamedFile(lastFile(role), bytes, { durable: role === "targets" });
      }
      const version = known ?? versionOf(bytes);
      const name = fileName({ version, role, since });
      await writeRenamedFile(join(folder, name), bytes, { durable: true });
      const isOlder = (kept: KeptFile): boolean =>
        kept.since < since || (kept.since === since && kept.version < version);
      await removeFiles(folder, (await keptFiles(folder, role)).filter(isOlder));
    },
    deleteRole: async (role, since = Infinity) => {
      if (!versionedRoles.has(role)) return await rm(lastFile(role), { force: true });
      const kept = await keptFiles(folder, role);
      await removeFiles(
        folder,
        kept.filter((file) => file.since < since),
      );
    },
  };
}

/** Whether a faster process has kept a snapshot, and the targets it lists, that these are not. */
async function isOvertaken(folder: string, targets: Uint8Array): Promise<boolean> {
  const kept = await readIfThere(join(folder, "targets.json"));
  if (kept === undefined) return false;
  const snapshot = await readNewest(folder, "snapshot");
  if (snapshot === undefined) return false;
  const listed = decodeListed(parseJson(snapshot), "").signed.meta?.["targets.json"]?.version;
  return versionOf(kept) === listed && versionOf(targets) !== listed;
}

/** For whoever looks in from outside: the file of root, timestamp or snapshot that counts, whichever `since` it was written under. */
export function readNewestRole(state: string, role: string): Promise<Uint8Array | undefined> {
  return readNewest(join(state, "tuf"), role);
}

async function readNewest(
  folder: string,
  role: string,
  since?: number,
): Promise<Uint8Array | undefined> {
  for (let tries = 0; tries < readTriesMax; tries++) {
    const [newest] = (await keptFiles(folder, role))
      .filter((file) => since === undefined || file.since === since)
      .toSorted((a, b) => b.since - a.since || b.version - a.version);
    if (newest === undefined) return undefined;
    const bytes = await readIfThere(join(folder, fileName(newest)));
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

type KeptFile = { readonly version: number; readonly role: string; readonly since: number };

function fileName({ version, role, since }: KeptFile): string {
  return since === 0 ? `${version}.${role}.json` : `${version}.${role}.since-root-${since}.json`;
}

const namePattern = /^([1-9][0-9]{0,15})\.([a-z]+)(?:\.since-root-([1-9][0-9]{0,15}))?\.json$/;

async function keptFiles(folder: string, role: string): Promise<readonly KeptFile[]> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept: KeptFile[] = [];
    for (const name of await readdir(folder)) {
      const [, version, named, since = 0] = namePattern.exec(name) ?? [];
      if (named === role) kept.push({ version: Number(version), role, since: Number(since) });
    }
    return kept;
  } catch (error) {
    throw storageError(error, `read ${folder}`);
  }
}

async function removeFiles(folder: string, files: readonly KeptFile[]): Promise<void> {
  for (const file of files) await rm(join(folder, fileName(file)), { force: true });
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw storageError(error, `read ${path}`);
  }
}

const decodeMeta = object({ "targets.json": optional(object({ version: integer })) });
const decodeListed = object({ signed: object({ meta: optional(decodeMeta) }) });
const decodeVersion = object({ signed: object({ version: integer }) });

function versionOf(bytes: Uint8Array): number {
  return decodeVersion(parseJson(bytes), "").signed.version;
}
