/**
 * One page out of several indexes' pages of a project (docs/adr/0008-agreement-per-file.md): a file is on it when so many
 * of them list it under one name with one hash and size. What pages say beside that counts only as far as it is agreed
 * on too: fewer than `agree` of them can neither add anything nor make it look better than others say it is.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { comparePageFiles, comparePageVersions } from "#formats/python/simple-page.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import type { OfferedPage } from "./offered-page.ts";

/** A page as one index offers it: verified, with what it denies gone. */
export type IndexPage = { readonly index: string; readonly offered: OfferedPage };

export type AgreedPage = {
  readonly page: Page;
  /** Files that too few of the indexes list. */
  readonly heldBack: number;
  /** Contents of listed files that some index names otherwise: it is wrong, or the others are. */
  readonly outvoted: readonly Outvoted[];
};

export type Outvoted = { readonly filename: string; readonly error: TrustError };

/** Of two that enough say, the one that lets less happen. */
const strictestFirst: readonly ProjectStatus[] = ["quarantined", "archived", "deprecated"];

/** One content of a file name, and who lists it. */
type Candidate = { readonly by: readonly string[]; readonly files: readonly PageFile[] };

/**
 * Throws TrustError `map.conflict` where indexes name other contents for one file and no one content is agreed on, and
 * `map.agreement` where they have files and agree on none. `pages` are in the order of the map.
 */
export function agreePages(
  project: ProjectName,
  pages: readonly IndexPage[],
  agree: number,
): AgreedPage {
  const files: PageFile[] = [];
  const outvoted: Outvoted[] = [];
  let heldBack = 0;
  for (const [filename, candidates] of candidatesByName(pages)) {
    const agreed = candidates.filter(({ by }) => by.length >= agree);
    const [first] = agreed;
    if (candidates.length > 1) {
      const conflict = conflictError(project, filename, candidates, agree);
      // Leaving the file out would offer an older one in silence, which may be what somebody is after.
      if (first === undefined || agreed.length > 1) throw conflict;
      outvoted.push({ filename, error: conflict });
    }
    if (first === undefined) heldBack += 1;
    else files.push(mergeFile(first.files, agree));
  }
  if (files.length === 0 && heldBack > 0) throw noAgreement(project, pages, agree);
  return {
    page: mergePage(project, pages, files, agree),
    heldBack,
    outvoted,
  };
}

function candidatesByName(pages: readonly IndexPage[]): ReadonlyMap<string, readonly Candidate[]> {
  const byName = new Map<string, Map<string, { by: string[]; files: PageFile[] }>>();
  for (const { index, offered } of pages) {
    for (const file of offered.page.files) {
      const contents = byName.get(file.filename) ?? new Map();
      byName.set(file.filename, contents);
      const key = `${file.sha256} ${file.size}`;
      const candidate = contents.get(key) ?? { by: [], files: [] };
      contents.set(key, candidate);
      candidate.by.push(index);
      candidate.files.push(file);
    }
  }
  return new Map([...byName].map(([filename, contents]) => [filename, [...contents.values()]]));
}

function mergeFile(files: readonly PageFile[], agree: number): PageFile {
  const [first] = files;
  if (first === undefined) throw new Error("Invariant broken: a file that nobody lists");
  const { filename, sha256, size, url, version } = first;
  const coreMetadata = agreedValue(
    files.map((file) => file.coreMetadata),
    agree,
  );
  // Where it is not agreed on, the file's own metadata says it, which is as verified as the file.
  const requiresPython = agreedValue(
    files.map((file) => file.requiresPython),
    agree,
  );
  return {
    filename,
    url,
    sha256,
    size,
    version,
    uploadTime: latestOfEarliest(files, agree),
    yanked: mergeYanked(files, agree),
    ...(requiresPython !== undefined && { requiresPython }),
    ...(coreMetadata !== undefined && { coreMetadata }),
  };
}

/** The value that so many have; of two such, the first one's. */
function agreedValue<T>(values: readonly T[], agree: number): T | undefined {
  return values.find((value) => values.filter((other) => other === value).length >= agree);
}

/** Not yanked only where enough say so. */
function mergeYanked(files: readonly PageFile[], agree: number): boolean | string {
  const yanked = files.map((file) => file.yanked).filter((value) => value !== false);
  return files.length - yanked.length >= agree ? false : (yanked[0] ?? false);
}

/** The time by which enough say it was there: fewer cannot make a new file look old (`exclude-newer`). */
function latestOfEarliest(files: readonly PageFile[], agree: number): string {
  const times = files.map(({ uploadTime }) => uploadTime);
  const sorted = times.toSorted((left, right) => (sortable(left) < sortable(right) ? -1 : 1));
  return sorted[agree - 1] ?? "";
}

/** With all six digits of the fraction, so that texts compare as the times do. */
function sortable(uploadTime: string): string {
  const [seconds = "", fraction = ""] = uploadTime.slice(0, -1).split(".");
  return `${seconds}.${fraction.padEnd(6, "0")}`;
}

function mergePage(
  name: ProjectName,
  pages: readonly IndexPage[],
  files: readonly PageFile[],
  agree: number,
): Page {
  const heads = pages.map(({ offered }) => offered.page);
  const isEnough = (wanted: ProjectStatus): boolean =>
    heads.filter((head) => head.status === wanted).length >= agree;
  const status = strictestFirst.find(isEnough) ?? "active";
  const reason = heads.find((head) => head.status === status)?.statusReason;
  // A quarantined project offers no files, whatever others list.
  const offered = status === "quarantined" ? [] : files.toSorted(comparePageFiles);
  const versions = [...new Set(offered.map(({ version }) => version))];
  return {
    name,
    status,
    ...(reason !== undefined && { statusReason: reason }),
    versions: versions.toSorted(comparePageVersions),
    files: offered,
  };
}

/** Names what pages lead to: who was asked, for how many, and what each page was. */
export function agreementTag(pages: readonly IndexPage[], agree: number): string {
  const parts = pages.map(({ index, offered }) => `${index} ${offered.tag}`);
  return sha256Hex(formatUtf8([String(agree), ...parts].join("\n")));
}

function conflictError(
  project: ProjectName,
  filename: string,
  candidates: readonly Candidate[],
  agree: number,
): TrustError {
  const contents = candidates.map(({ by, files: [file] }) => {
    return `${by.join(", ")}: sha256 ${file?.sha256}, ${file?.size} bytes`;
  });
  const sentence = `The indexes name different contents for ${filename} (${contents.join("; ")}), and ${agree} must agree`;
  return new TrustError("map.conflict", sentence, {
    project,
    filename,
    contents: contents.join("; "),
    agree,
  });
}

function noAgreement(project: ProjectName, pages: readonly IndexPage[], agree: number): TrustError {
  const indexes = pages.map(({ index }) => index).join(", ");
  const sentence = `There is no file of ${project} that ${agree} of ${indexes} list`;
  return new TrustError("map.agreement", sentence, { project, indexes, agree });
}
