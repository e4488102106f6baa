/**
 * Everything an index checks on a file before it is taken in (design 6), from the file's bytes and its name alone: that
 * it is a wheel or an sdist every installer reads the same way, and that it is of the project and version its name says.
 */
import type { ByteSource } from "#formats/archive/byte-source.ts";
import { readAhead } from "#formats/archive/byte-source.ts";
import { archiveLimits } from "#formats/archive/limits.ts";
import type { ArchiveLimits } from "#formats/archive/limits.ts";
import { parseDistributionFilename } from "./filename.ts";
import type { CoreMetadata } from "./metadata.ts";
import type { ProjectName } from "./project-name.ts";
import { checkSdist } from "./sdist.ts";
import { checkWheel } from "./wheel.ts";

export type CheckedDistribution = {
  readonly kind: "wheel" | "sdist";
  readonly filename: string;
  readonly project: ProjectName;
  /** Normalised, from the file name. */
  readonly version: string;
  /** METADATA or PKG-INFO as it is in the archive; for wheels the bytes of `.metadata` (PEP 658). */
  readonly metadata: Uint8Array;
  readonly core: CoreMetadata;
  readonly summary?: string;
  readonly requiresPython?: string;
};

/**
 * Reads the whole file once, and little of it twice; holds its metadata, RECORD and names in memory, never a member. Throws
 * FormatError with a code of `filename.*`, `archive.*`, `metadata.*`, `wheel.*`, `sdist.*`, or what the source rejects with.
 */
export async function checkDistribution(
  filename: string,
  source: ByteSource,
  limits: ArchiveLimits = archiveLimits,
): Promise<CheckedDistribution> {
  const parsed = parseDistributionFilename(filename);
  const ahead = readAhead(source, limits.readSize);
  const { metadata, core, version } =
    parsed.kind === "wheel"
      ? await checkWheel(parsed, ahead, limits)
      : await checkSdist(parsed, ahead, limits);
  const { project, requiresPython, summary } = core;
  return {
    kind: parsed.kind,
    filename,
    project,
    version,
    metadata,
    core,
    ...(summary !== undefined && { summary }),
    ...(requiresPython !== undefined && { requiresPython }),
  };
}
