/**
 * Real wheels and sdists, and ones made here, with seeded damage: each copy is refused with its reason, or was left valid
 * by the damage, and is then on its project's page with exactly these bytes.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { fetchBytes, fetchFileList } from "#clients/plain-client.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { openRealDistributions } from "#real/download.ts";
import { buildSdist, buildWheel } from "#world/distributions.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { fieldsOf } from "./form-bytes.ts";
import type { FormFile } from "./form-bytes.ts";
import { listMutations } from "./mutations.ts";
import { checkRefusal, startTriedIndex } from "./tried-index.ts";
import type { TriedIndex } from "./tried-index.ts";

const seed = 20_261_123;
const mutationsOfEach = 100;
const atOnce = 4;
/** Small, so that there can be many; names long enough to be spelled in a hundred ways. */
const real = [
  "PySocks-1.7.1-py3-none-any.whl",
  "blinker-1.9.0-py3-none-any.whl",
  "itsdangerous-2.2.0-py3-none-any.whl",
  "iniconfig-2.1.0.tar.gz",
  "itsdangerous-2.2.0.tar.gz",
];
const made: readonly FormFile[] = [
  buildWheel({ name: "damaged-wheel", version: "1.0", requiresDist: ["six>=1"] }),
  buildSdist({ name: "damaged-sdist", version: "1.0" }),
  buildSdist({ name: "damaged-zipped", version: "1.0", format: "zip" }),
];
const refusals = /^(archive|filename|metadata|project-name|sdist|upload|version|wheel)\.[a-z-]+$/;

describe("damaged wheels and sdists", () => {
  let index: TriedIndex;
  let files: readonly FormFile[];

  before(async () => {
    index = await startTriedIndex("damaged");
    const paths = (await openRealDistributions()).filter((path) => real.includes(basename(path)));
    assert.equal(paths.length, real.length, "the real files are not all there");
    const read = paths.map(async (path) => ({
      filename: basename(path),
      bytes: new Uint8Array(await readFile(path)),
    }));
    files = [...(await Promise.all(read)), ...made];
  });
  after(() => index?.remove());

  /** True when it was taken. */
  const tryFile = async (file: FormFile, about: string): Promise<boolean> => {
    const { project, version } = parseDistributionFilename(file.filename);
    const answer = await index.upload(fieldsOf(project, version, file), file);
    if (answer.status === 200) index.accepted.add(sha256Hex(file.bytes));
    else checkRefusal(answer, refusals, `${file.filename}, ${about}:`);
    return answer.status === 200;
  };

  test("each, undamaged, is welcome", async () => {
    for (const file of files) assert.ok(await tryFile(file, "as it is"), file.filename);
    await index.checkUnharmed();
  });

  test("damaged copies are refused with their reason, or are still valid", async () => {
    const random = createSeededRandom(seed);
    const counts = { taken: 0, refused: 0 };
    for (const [place, { filename, bytes }] of files.entries()) {
      const donor = files[(place + 1) % files.length]?.bytes ?? bytes;
      const queue = listMutations(bytes, donor, random, mutationsOfEach).entries();
      const work = async (): Promise<void> => {
        for (const [at, mutation] of queue) {
          // Each under a spelling of its own: one that is taken keeps its name for ever.
          const damaged = { filename: respell(filename, at + 1), bytes: mutation.bytes };
          const isTaken = await tryFile(damaged, mutation.name);
          counts[isTaken ? "taken" : "refused"] += 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      await index.checkUnharmed();
    }
    assert.ok(counts.refused > 0.7 * mutationsOfEach * files.length, JSON.stringify(counts));
    assert.ok(counts.taken > 0, "no damage was harmless: the respelled names are not tried at all");
  });

  test("what was taken is what the pages list, byte for byte", async () => {
    const listed = new Set<string>([index.honest.sha256]);
    const projects = new Set(
      files.map(({ filename }) => parseDistributionFilename(filename).project),
    );
    for (const project of projects) {
      for (const file of await fetchFileList(index.holdfast.ready.simple, project)) {
        assert.equal(sha256Hex(await fetchBytes(file.url)), file.sha256, file.filename);
        listed.add(file.sha256);
      }
    }
    assert.deepEqual([...listed].toSorted(), [...index.accepted].toSorted());
  });

  test("the honest path is open as before", () => index.checkWorks());
});

/** The same name to every installer, another one to a file system: letters of the project in another case. */
function respell(filename: string, way: number): string {
  let bit = 0;
  const end = filename.indexOf("-");
  const name = filename
    .slice(0, end)
    .replaceAll(/[A-Za-z]/g, (letter) =>
      (way >> bit++) & 1
        ? letter === letter.toLowerCase()
          ? letter.toUpperCase()
          : letter.toLowerCase()
        : letter,
    );
  return name + filename.slice(end);
}
