import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { joinEntries, rejoinEntries } from "./entry-blocks.ts";
import type { EntryBlock } from "./entry-blocks.ts";

type Entry = { readonly entry: Uint8Array };

function checkBlocks(blocks: readonly EntryBlock[], files: readonly Entry[]): void {
  const joined = blocks.map(({ bytes }) => parseUtf8(bytes)).join(",");
  assert.equal(joined, files.map(({ entry }) => parseUtf8(entry)).join(","));
  let start = 0;
  for (const { bytes, count } of blocks) {
    assert.ok(count > 0 && count <= 128, `${count} entries in a block`);
    const entries = files.slice(start, start + count).map(({ entry }) => parseUtf8(entry));
    assert.equal(parseUtf8(bytes), entries.join(","));
    start += count;
  }
  assert.equal(start, files.length);
}

test("rejoinEntries() keeps every entry in its place, whatever is added, replaced and taken away", () => {
  const random = createSeededRandom(11);
  let files: readonly Entry[] = Array.from({ length: 300 }, (_, i) => anEntry(i));
  let blocks = joinEntries(files);
  checkBlocks(blocks, files);
  for (let turn = 0; turn < 3_000; turn += 1) {
    // Grows for a while, then shrinks to nothing.
    const adds = files.length === 0 || random.below(10) < (turn < 1_000 ? 7 : 2);
    const place = random.below(files.length + (adds ? 1 : 0));
    if (adds) {
      files = files.toSpliced(place, 0, anEntry(turn));
      blocks = rejoinEntries(blocks, files, place, "added");
    } else if (random.below(4) === 0) {
      files = files.with(place, anEntry(turn));
      blocks = rejoinEntries(blocks, files, place, "replaced");
    } else {
      files = files.toSpliced(place, 1);
      blocks = rejoinEntries(blocks, files, place, "removed");
    }
    checkBlocks(blocks, files);
  }
});

test("rejoinEntries() leaves the other blocks alone", () => {
  const files = Array.from({ length: 1_000 }, (_, i) => anEntry(i));
  const before = joinEntries(files);
  const after = rejoinEntries(before, files.toSpliced(500, 0, anEntry(7)), 500, "added");
  assert.ok(after.filter((block) => before.includes(block)).length >= before.length - 1);
});

function anEntry(number: number): Entry {
  return { entry: formatUtf8(`{"é":${number}}`) };
}
