/**
 * Wheels (PEP 427; the binary distribution format): one dist-info folder that is the file's own, with METADATA, WHEEL and
 * a RECORD that lists exactly the files there are.
 */
import { createHash } from "#crypto/hash.ts";
import type { StreamingHash } from "#crypto/hash.ts";
import type { ByteSource } from "#formats/archive/byte-source.ts";
import type { ArchiveLimits } from "#formats/archive/limits.ts";
import { openZip, readSmallZipMember, readZipMember } from "#formats/archive/zip.ts";
import type { ZipArchive, ZipMember } from "#formats/archive/zip.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";
import { isNameAndVersion, isSameVersion } from "./distribution-identity.ts";
import type { WheelFilename } from "./filename.ts";
import { metadataLimits, recordSizeMax } from "./limits.ts";
import { parseCoreMetadata, parseHeaderDocument } from "./metadata.ts";
import type { CoreMetadata } from "./metadata.ts";
import { parseRecord } from "./record.ts";
import type { RecordRow } from "./record.ts";

export type CheckedArchive = {
  readonly metadata: Uint8Array;
  readonly core: CoreMetadata;
  readonly version: string;
};

/** FormatError `wheel.*`, `archive.*`, `metadata.*`. */
export async function checkWheel(
  filename: WheelFilename,
  source: ByteSource,
  limits: ArchiveLimits,
): Promise<CheckedArchive> {
  const zip = await openZip(source, limits);
  const files = filesByPath(zip);
  const folder = distInfoFolder(zip, filename);
  const metadata = await readOwn(zip, files, `${folder}/METADATA`, "wheel.metadata");
  const core = parseCoreMetadata(metadata);
  checkIdentity(core, filename);
  checkWheelFile(await readOwn(zip, files, `${folder}/WHEEL`, "wheel.wheel-file"));
  const record = await readOwn(zip, files, `${folder}/RECORD`, "wheel.record", recordSizeMax);
  await checkRecord(zip, files, folder, parseRecord(record));
  return { metadata, core, version: filename.version };
}

function filesByPath(zip: ZipArchive): ReadonlyMap<string, ZipMember> {
  const files = new Map<string, ZipMember>();
  for (const member of zip.members) {
    // Installers write a link's target into a file or follow it: neither is what anybody looked at.
    if (member.kind === "link") {
      throw new FormatError("archive.link", `Wheel member ${quoteText(member.path)} is a link`);
    }
    if (member.kind === "file") files.set(member.path, member);
  }
  return files;
}

/** Folders inside others do not count: projects carry copies of others with them. */
function distInfoFolder(zip: ZipArchive, filename: WheelFilename): string {
  const folders = new Set<string>();
  for (const { path } of zip.members) {
    const [top = ""] = path.split("/", 1);
    if (/\.dist-info$/i.test(top)) folders.add(top);
  }
  const [folder, second] = folders;
  if (folder === undefined) {
    throw new FormatError("wheel.dist-info", "The wheel has no .dist-info folder");
  }
  if (second !== undefined) {
    throw new FormatError(
      "wheel.dist-info",
      `The wheel has two .dist-info folders, ${quoteText(folder)} and ${quoteText(second)}`,
    );
  }
  if (isNameAndVersion(folder.slice(0, -".dist-info".length), filename)) return folder;
  throw new FormatError(
    "wheel.dist-info",
    `The wheel's folder ${quoteText(folder)} is not that of ${filename.project} ${filename.version}`,
  );
}

async function readOwn(
  zip: ZipArchive,
  files: ReadonlyMap<string, ZipMember>,
  path: string,
  missing: FormatErrorCode,
  sizeMax: number = metadataLimits.sizeMax,
): Promise<Uint8Array> {
  const member = files.get(path);
  if (member !== undefined) return readSmallZipMember(zip, member, sizeMax);
  throw new FormatError(missing, `The wheel has no ${quoteText(path)}`);
}

function checkIdentity(core: CoreMetadata, filename: WheelFilename): void {
  if (core.project !== filename.project) {
    throw new FormatError(
      "wheel.name",
      `METADATA is of ${quoteText(core.name)}, the file name of ${quoteText(filename.project)}`,
    );
  }
  if (!isSameVersion(core.version, filename.version)) {
    throw new FormatError(
      "wheel.version",
      `METADATA is of version ${quoteText(core.version)}, the file name of ${quoteText(filename.version)}`,
    );
  }
}

/** pip installs version 1.x with or without a warning and refuses others. */
function checkWheelFile(bytes: Uint8Array): void {
  const version = parseHeaderDocument(bytes).fields.get("wheel-version")?.[0]?.trim() ?? "";
  if (/^1\.[0-9]+$/.test(version)) return;
  throw new FormatError("wheel.wheel-file", `Wheel-Version ${quoteText(version)} is not 1.x`);
}

/** Reads every member to its end, hashing where RECORD has a row. */
async function checkRecord(
  zip: ZipArchive,
  files: ReadonlyMap<string, ZipMember>,
  folder: string,
  rows: ReadonlyMap<string, RecordRow>,
): Promise<void> {
  const unlisted = new Set(
    ["RECORD", "RECORD.jws", "RECORD.p7s"].map((name) => `${folder}/${name}`),
  );
  for (const { path } of rows.values()) {
    if (!files.has(path)) {
      throw new FormatError(
        "wheel.record",
        `RECORD lists ${quoteText(path)}, which is not in the wheel`,
      );
    }
  }
  for (const member of zip.members) {
    const row = rows.get(member.path);
    if (member.kind !== "file" || unlisted.has(member.path)) {
      await readThrough(zip, member, undefined);
    } else if (row?.hash === undefined) {
      throw new FormatError(
        "wheel.record",
        `RECORD ${row === undefined ? "does not list" : "has no hash for"} ${quoteText(member.path)}`,
      );
    } else {
      const hash = createHash(row.hash.name);
      await readThrough(zip, member, hash);
      if (hash.digestHex() === row.hash.hex && (row.size ?? member.size) === member.size) continue;
      throw new FormatError(
        "wheel.record-mismatch",
        `${quoteText(member.path)} is not what RECORD says it is`,
      );
    }
  }
}

async function readThrough(
  zip: ZipArchive,
  member: ZipMember,
  hash: StreamingHash | undefined,
): Promise<void> {
  for await (const chunk of readZipMember(zip, member)) hash?.update(chunk);
}
