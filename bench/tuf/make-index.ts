/**
 * Makes a large index's signer, in a process of its own: `make-index.ts FOLDER PROJECTS BIT-LENGTH`. Keys and first
 * metadata come from the ceremony, the tables are filled directly, the bins are signed by the editor. Every project has
 * one file. Pages are in the tables and in the bins, but not on the disk: nobody looks at them but who is said to.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { initDataFolder } from "#apps/ceremony/init.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { formatPageFile } from "#formats/python/simple-page.ts";
import type { MetaFile } from "#formats/tuf/metadata.ts";
import { metaLines } from "#formats/tuf/snapshot.ts";
import { binNames } from "#formats/tuf/succinct-roles.ts";
import { publicationLimits } from "#core/publication/limits.ts";
import { lifetimeMs } from "#core/publication/role-life.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { RoleFile, RoleSignatures, Signing } from "#core/tuf/editor.ts";
import {
  binOfPrefix,
  isBinName,
  pagePrefix,
  publicRolePath,
  publicTimestampPath,
} from "#core/tuf/layout.ts";
import {
  binRoles,
  signBin,
  signEmptyRole,
  signSnapshot,
  signTimestamp,
  signUnclaimed,
} from "#core/tuf/online-roles.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { storedFilePath } from "#stores/folder/file-store.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { readExistingKey } from "#stores/folder/key-file.ts";
import { openSqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import {
  firstFile,
  firstPage,
  projectNames,
  seeds,
  storedFile,
  storedFileCount,
} from "./large-index.ts";
import type { IndexShape } from "./large-index.ts";

const { lifetimes } = parseConfig("").signer;
/** Of an index that is some years old: so often a bin, and a page of any, has changed. */
const binVersionMin = 200;
const binVersions = 500;
const snapshotVersion = 7_000_000;
/** Pages and bins were signed a while ago: a signer that starts looks closer at those of the last minutes. */
const ageMs = 86_400_000;

/** Bins come with their signatures, which is what the signer keeps of them. */
type MadeRole = RoleFile & { readonly signatures?: RoleSignatures };

async function makeIndex(root: string, shape: IndexShape): Promise<void> {
  const data = dataFolder(root);
  const now = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
  const random = createSeededRandom(seeds.keys);
  const init = { command: "init", rootKeys: 1, rootThreshold: 1, config: parseConfig("") } as const;
  await initDataFolder({ ...init, data: root }, () => now, random.bytes);
  for (let index = 0; index < storedFileCount; index += 1) {
    writeFile(storedFilePath(data.files, sha256Hex(storedFile(index))), storedFile(index));
  }
  const databasePath = join(data.signer, "signer.sqlite");
  await (await openSqliteSignerStore(databasePath)).close();
  const database = new DatabaseSync(databasePath);
  database.exec("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; BEGIN");
  const bins = fillProjects(database, shape, now);
  const roles = await signRoles(root, shape, bins, now);
  for (const file of roles) {
    const isOffline = ["root", "targets", "claimed"].includes(file.role);
    if (!isOffline) {
      writeFile(join(data.publicTree, publicRolePath(file.role, file.version)), file.bytes);
    }
    if (file.role === "timestamp") {
      writeFile(join(data.publicTree, publicTimestampPath), file.bytes);
    }
  }
  fillRoles(database, roles, now, shape);
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/** The pages of each bin. */
function fillProjects(
  database: DatabaseSync,
  shape: IndexShape,
  now: Date,
): readonly (readonly PagePointer[])[] {
  const bins = Array.from({ length: 2 ** shape.bitLength }, (): PagePointer[] => []);
  const into = (table: string, columns: number) =>
    database.prepare(`INSERT INTO ${table} VALUES (${Array(columns).fill("?").join(", ")})`);
  const project = into("project", 5);
  const page = into("page", 11);
  const fileName = into("file_name", 6);
  const signedAt = now.getTime() - ageMs;
  for (const [index, name] of projectNames(shape).entries()) {
    const serial = index + 1;
    const file = firstFile(name, index);
    const bytes = firstPage(name, file);
    const sha256 = sha256Hex(bytes);
    const size = bytes.byteLength;
    const prefix = pagePrefix(name);
    project.run(prefix, name, serial, sha256, size);
    const changed = `${file.filename}\t${file.version}\t${parseUtf8(formatPageFile(file))}\n`;
    const columns = [serial, null, prefix, name, sha256, size, "active", null, 1, signedAt];
    page.run(...columns, changed);
    fileName.run(file.filename, name, file.version, file.sha256, file.size, 0);
    bins[binOfPrefix(prefix, shape.bitLength)]?.push({ project: name, sha256, size, serial });
  }
  return bins;
}

async function signRoles(
  root: string,
  shape: IndexShape,
  bins: readonly (readonly PagePointer[])[],
  now: Date,
): Promise<readonly MadeRole[]> {
  const data = dataFolder(root);
  const readKey = async (name: string) =>
    tufSigner(await readExistingKey(join(data.onlineKeys, `${name}.pem`)));
  const signing = async (role: string, version: number): Promise<Signing> => {
    return {
      version,
      now,
      lifetimeMs: lifetimeMs(role, lifetimes),
      signers: [await readKey(role)],
    };
  };
  const offline = await readFirstMetadata(data.publicTree);
  if (offline === undefined) throw new Error("The ceremony left no first metadata");
  const roles: MadeRole[] = [];
  for (const [role, bytes] of Object.entries(offline)) {
    const { expires } = await signEmptyRole(role, await signing("bins", 1));
    roles.push({ role, version: 1, bytes, sha256: sha256Hex(bytes), signedAt: now, expires });
  }
  for (const role of ["deny", "recently-claimed"]) {
    roles.push(await signEmptyRole(role, await signing(role, 1)));
  }
  const key = await readKey("bins");
  const { bitLength } = shape;
  roles.push(await signUnclaimed(await signing("unclaimed", 1), { key: key.key, bitLength }));
  const versions = createSeededRandom(seeds.versions);
  const names = [...binNames(binRoles(key.key, bitLength))];
  const bin = { ...(await signing("bins", 1)), now: new Date(now.getTime() - ageMs) };
  for (const [index, name] of names.entries()) {
    const version = binVersionMin + versions.below(binVersions);
    const signed = await signBin(name, bins[index] ?? [], { ...bin, version });
    roles.push({ ...signed.file, signatures: signed.signatures });
  }
  const meta = new Map<string, MetaFile>();
  for (const { role, version, bytes, sha256 } of roles) {
    if (role === "root") continue;
    const isHashed = !isBinName(role) || bitLength <= publicationLimits.hashedBinBitLengthMax;
    const hashes = new Map([["sha256", sha256]]);
    meta.set(role, isHashed ? { version, length: bytes.byteLength, hashes } : { version });
  }
  const snapshot = await signSnapshot(metaLines(meta), await signing("snapshot", snapshotVersion));
  const listed = { ...snapshot, length: snapshot.bytes.byteLength };
  const timestamp = await signTimestamp(listed, await signing("timestamp", snapshotVersion));
  return [...roles, snapshot, timestamp];
}

function fillRoles(
  database: DatabaseSync,
  roles: readonly MadeRole[],
  now: Date,
  shape: IndexShape,
): void {
  const insert = database.prepare(
    `INSERT INTO role_file (role, version, length, sha256, signed_at, expires,
       format, bit_length, serial, signatures, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const file of roles) {
    const { role, version, bytes, sha256, signedAt, expires } = file;
    const head = [role, version, bytes.byteLength, sha256, signedAt.getTime(), expires.text];
    const [signature] = file.signatures ?? [];
    if (signature === undefined) insert.run(...head, null, null, null, null, bytes);
    else {
      const line = `${signature[0]}\t${formatHex(signature[1])}\n`;
      insert.run(...head, 1, shape.bitLength, shape.projects, line, null);
    }
  }
  database
    .prepare("UPDATE state SET serial = ?, batch = 1, published_batch = 1, signed_at = ?")
    .run(shape.projects, now.getTime());
}

const folders = new Set<string>();

function writeFile(path: string, bytes: Uint8Array): void {
  if (!folders.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  folders.add(dirname(path));
  writeFileSync(path, bytes);
}

const [root = "", projects, bitLength] = process.argv.slice(2);
await makeIndex(root, { projects: Number(projects), bitLength: Number(bitLength) });
