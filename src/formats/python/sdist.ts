/**
 * Source distributions (PEP 517, 625, 643, and the zip files and odd spellings from before): one top folder named as the
 * file is, with PKG-INFO in it.
 */
import type { ByteSource } from "#formats/archive/byte-source.ts";
import { gunzip } from "#formats/archive/gzip.ts";
import type { ArchiveLimits } from "#formats/archive/limits.ts";
import { checkLinkTarget } from "#formats/archive/member-name.ts";
import type { MemberKind } from "#formats/archive/member-name.ts";
import { readTarMembers } from "#formats/archive/tar.ts";
import { openZip, readSmallZipMember, readZipMember } from "#formats/archive/zip.ts";
import { decodeMemberName } from "#formats/archive/member-name.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import { isNameAndVersion, isSameVersion } from "./distribution-identity.ts";
import { parseDistributionFilename } from "./filename.ts";
import type { SdistFilename } from "./filename.ts";
import { metadataLimits } from "./limits.ts";
import { parseCoreMetadata } from "./metadata.ts";
import type { CheckedArchive } from "./wheel.ts";

/** FormatError `sdist.*`, `archive.*`, `metadata.*`. */
export async function checkSdist(
  filename: SdistFilename,
  source: ByteSource,
  limits: ArchiveLimits,
): Promise<CheckedArchive> {
  const contents = new SdistContents();
  if (filename.format === "zip") await readZipSdist(source, limits, contents);
  else await readTarSdist(source, limits, contents);
  const { topFolder, metadata } = contents.complete();
  const core = parseCoreMetadata(metadata);
  // Where the version starts in an old name is for PKG-INFO to say: "a-1.0-1" is a 1.0.post1, or a-1.0 1.
  const identity = identityFor(filename, core.project);
  if (identity.project !== core.project) {
    throw new FormatError(
      "sdist.name",
      `PKG-INFO is of ${quoteText(core.name)}, the file name of ${quoteText(identity.project)}`,
    );
  }
  if (!isSameVersion(core.version, identity.version)) {
    throw new FormatError(
      "sdist.version",
      `PKG-INFO is of version ${quoteText(core.version)}, the file name of ${quoteText(identity.version)}`,
    );
  }
  if (!isNameAndVersion(topFolder, identity)) {
    throw new FormatError(
      "sdist.top-folder",
      `The sdist's folder ${quoteText(topFolder)} is not that of ${identity.project} ${identity.version}`,
    );
  }
  return { metadata, core, version: identity.version };
}

function identityFor(filename: SdistFilename, project: SdistFilename["project"]): SdistFilename {
  try {
    const parsed = parseDistributionFilename(filename.filename, project);
    return parsed.kind === "sdist" ? parsed : filename;
  } catch {
    return filename;
  }
}

/** What the members add up to. */
class SdistContents {
  #topFolder: string | undefined;
  #metadata: Uint8Array | undefined;

  add(path: string, kind: MemberKind): void {
    const [top = ""] = path.split("/", 1);
    this.#topFolder ??= top;
    if (top === this.#topFolder && (path !== top || kind === "folder")) return;
    throw new FormatError(
      "sdist.top-folder",
      `Sdist member ${quoteText(path)} is not in the one top folder ${quoteText(this.#topFolder)}`,
    );
  }

  addMetadata(bytes: Uint8Array): void {
    this.#metadata = bytes;
  }

  complete(): { readonly topFolder: string; readonly metadata: Uint8Array } {
    if (this.#topFolder !== undefined && this.#metadata !== undefined) {
      return { topFolder: this.#topFolder, metadata: this.#metadata };
    }
    throw new FormatError("sdist.metadata", "The sdist has no PKG-INFO in its top folder");
  }
}

function isMetadata(path: string): boolean {
  return /^[^/]+\/PKG-INFO$/.test(path);
}

async function readTarSdist(
  source: ByteSource,
  limits: ArchiveLimits,
  contents: SdistContents,
): Promise<void> {
  const keep = (path: string, size: number): boolean => {
    if (!isMetadata(path)) return false;
    if (size <= metadataLimits.sizeMax) return true;
    throw new FormatError(
      "metadata.size",
      `PKG-INFO has more than ${metadataLimits.sizeMax} bytes`,
    );
  };
  for await (const member of readTarMembers(gunzip(source, limits), limits, keep)) {
    contents.add(member.path, member.kind);
    if (member.content !== undefined) contents.addMetadata(member.content);
  }
}

async function readZipSdist(
  source: ByteSource,
  limits: ArchiveLimits,
  contents: SdistContents,
): Promise<void> {
  const zip = await openZip(source, limits);
  for (const member of zip.members) {
    contents.add(member.path, member.kind);
    if (member.kind === "link") {
      const target = await readSmallZipMember(zip, member, limits.nameSizeMax);
      checkLinkTarget(member.path, decodeMemberName(target), limits);
    } else if (member.kind === "file" && isMetadata(member.path)) {
      contents.addMetadata(await readSmallZipMember(zip, member, metadataLimits.sizeMax));
    } else {
      for await (const _chunk of readZipMember(zip, member)) continue;
    }
  }
}
