/**
 * A project's page as a proxy may offer it: the bytes are the ones TUF names, the page is this project's, and what is
 * denied is gone (design 9, docs/spec/deny.md).
 */
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import { checkListedFile } from "#core/tuf/listed-file.ts";
import type { Denial, DenyList } from "#formats/deny/deny-list.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, parsePage } from "#formats/python/simple-page.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";

/** A verified page, all of it. */
export type VerifiedPage = { readonly sha256: string; readonly page: Page };

export type OfferedPage = {
  /** Names the content: the page's hash and which of its files are denied. */
  readonly tag: string;
  /** Every URL is the file's own address below the index; denied files are gone. */
  readonly page: Page;
  /** By `fileKey`. */
  readonly files: ReadonlyMap<string, OfferedFile>;
  /** The page's files that are denied, by `fileKey`. */
  readonly denied: ReadonlyMap<string, Denial>;
};

export type OfferedFile = {
  readonly file: PageFile;
  /** Where a file lies that the index does not hold itself (absolute https). */
  readonly elsewhere?: string;
};

export function fileKey(sha256: string, filename: string): string {
  return `${sha256}/${filename}`;
}

/** The page's hash by which it is found; a page's target always has one. Throws `page.mismatch`. */
export function pageSha256(project: ProjectName, target: TargetFile): string {
  const sha256 = target.hashes.get("sha256");
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw new TrustError("page.mismatch", `The page of ${project} is signed without a sha256`, {
    project,
  });
}

/** Throws `tuf.length`, `tuf.hash`; `page.mismatch` when it is another project's page; `page.*` when it is malformed. */
export function openPage(
  project: ProjectName,
  target: TargetFile,
  bytes: Uint8Array,
): VerifiedPage {
  checkListedFile(`the page of ${project}`, bytes, target);
  const page = parsePage(bytes);
  if (page.name !== project) {
    throw new TrustError(
      "page.mismatch",
      `The page signed for ${project} is the page of ${page.name}`,
      { project, found: page.name },
    );
  }
  return { sha256: pageSha256(project, target), page };
}

export function offerPage({ sha256, page }: VerifiedPage, denials: DenyList): OfferedPage {
  const files = new Map<string, OfferedFile>();
  const denied = new Map<string, Denial>();
  const offered: PageFile[] = [];
  const byFilename = new Map(
    denials
      .filter(({ project }) => project === page.name)
      .map((denial) => [denial.filename, denial]),
  );
  for (const file of page.files) {
    const key = fileKey(file.sha256, file.filename);
    const denial = byFilename.get(file.filename);
    if (denial !== undefined) {
      denied.set(key, denial);
      continue;
    }
    const url = fileUrl(page.name, file.sha256, file.filename);
    const own = { ...file, url };
    offered.push(own);
    files.set(key, { file: own, ...(file.url !== url && { elsewhere: file.url }) });
  }
  const tag =
    denied.size === 0
      ? sha256
      : sha256Hex(new TextEncoder().encode([sha256, ...denied.keys()].join("\n")));
  return {
    tag,
    page: denied.size === 0 ? { ...page, files: offered } : withoutEmptyVersions(page, offered),
    files,
    denied,
  };
}

/** The denial of the whole project, if there is one. */
export function projectDenial(project: ProjectName, denials: DenyList): Denial | undefined {
  return denials.find((denial) => denial.project === project && denial.filename === undefined);
}

/** A denied project's refusal, in words. */
export function deniedError(what: string, denial: Denial): TrustError {
  return new TrustError("file.denied", `The index has taken back ${what}: ${denial.reason}`, {
    project: denial.project,
    ...(denial.filename !== undefined && { filename: denial.filename }),
    reason: denial.reason,
    time: denial.time,
  });
}

/** `versions` without those of which denial left no file; a version that never had files stays. */
function withoutEmptyVersions(page: Page, offered: readonly PageFile[]): Page {
  const before = new Set(page.files.map(({ version }) => version));
  const after = new Set(offered.map(({ version }) => version));
  const versions = page.versions.filter((version) => after.has(version) || !before.has(version));
  return { ...page, versions, files: offered };
}
