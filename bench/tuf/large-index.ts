/** An index as large as the largest one there is, the same each time: its projects, and what is uploaded to it. */
import { sha256Hex } from "#crypto/hash.ts";
import type { AddFile } from "#formats/door/change.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPageFile } from "#formats/python/simple-page.ts";
import type { PageFile } from "#formats/python/simple-page.ts";
import { formatProjectPage, projectRecordOf } from "#core/publication/project-record.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";

export type IndexShape = {
  readonly projects: number;
  /** 2^n bins. */
  readonly bitLength: number;
};

export const fullShape: IndexShape = { projects: 700_000, bitLength: 14 };
export const quickShape: IndexShape = { projects: 40_000, bitLength: 10 };
/** What tuf-js reads in bearable time: it copies all of a snapshot for each line of it. */
export const smallShape: IndexShape = { projects: 10_000, bitLength: 8 };

export const seeds = { names: 1, keys: 2, versions: 3, uploads: 4, lookups: 5, claims: 6 } as const;

/** Different stored files; a file name stands for one of them. */
export const storedFileCount = 1_000;

export function storedFile(index: number): Uint8Array {
  return formatUtf8(`the content of stored file ${index}`);
}

const starts = ["", "", "", "", "py", "django-", "pytest-", "flask-", "aws-", "odoo-addon-"];
const onsets = ["b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st"];
const rhymes = ["a", "e", "i", "o", "u", "ar", "er", "in", "on", "us", "ix", "ent", "or", "ame"];
const ends = ["", "", "", "-cli", "-core", "-client", "-utils", "2", "-sdk", "-api", "s", "-py"];

/**
 * Names as people give them: of some 13 characters, with the same beginnings and ends again and again. Ascending.
 */
export function projectNames({ projects }: IndexShape): readonly ProjectName[] {
  const random = createSeededRandom(seeds.names);
  const names = new Set<ProjectName>();
  while (names.size < projects) {
    let name = random.pick(starts);
    for (let syllables = 2 + random.below(3); syllables > 0; syllables -= 1) {
      name += random.pick(onsets) + random.pick(rhymes);
    }
    names.add(normaliseProjectName(name + random.pick(ends)));
  }
  return [...names].toSorted();
}

/** The one file that each project has. */
export function firstFile(project: ProjectName, index: number): PageFile {
  const filename = `${project.replaceAll("-", "_")}-1.0.tar.gz`;
  const bytes = storedFile(index % storedFileCount);
  const sha256 = sha256Hex(bytes);
  return {
    ...{ filename, sha256, version: "1.0", size: bytes.byteLength, yanked: false },
    uploadTime: "2026-01-01T12:00:00.000000Z",
    url: fileUrl(project, sha256, filename),
  };
}

export function firstPage(project: ProjectName, file: PageFile): Uint8Array {
  const { filename, version } = file;
  const files = [{ filename, version, entry: formatPageFile(file) }];
  return formatProjectPage(projectRecordOf(project, { status: "active" }, files));
}

export function pickProjects(
  names: readonly ProjectName[],
  count: number,
  { pick }: SeededRandom,
): readonly ProjectName[] {
  const picked = new Set<ProjectName>();
  while (picked.size < count) picked.add(pick(names));
  return [...picked];
}

/** Uploads into projects that are there; `version` must be another one each time. */
export function makeUploads(
  names: readonly ProjectName[],
  count: number,
  random: SeededRandom,
  version: string,
): readonly AddFile[] {
  const [, size = "", round = ""] = version.split(".");
  return pickProjects(names, count, random).map((project, at) => {
    const bytes = storedFile(random.below(storedFileCount));
    return {
      kind: "add-file",
      // As the index makes them: what comes later sorts later.
      id: `${size.padStart(12, "0")}${round.padStart(8, "0")}${String(at).padStart(12, "0")}`,
      project,
      filename: `${project.replaceAll("-", "_")}-${version}.tar.gz`,
      version,
      sha256: sha256Hex(bytes),
      size: bytes.byteLength,
      uploadTime: "2026-06-01T12:00:00.000000Z",
    };
  });
}
