/**
 * A project's entries, or its versions, joined some at a time as its page holds them. A change joins the few of its own
 * block anew: an upload into a project with thousands of files touches one piece of its page. Values, as records are.
 */
export type EntryBlock = {
  readonly count: number;
  /** The entries with a comma between two. */
  readonly bytes: Uint8Array;
};

type Entry = { readonly entry: Uint8Array };

const countMax = 128;
const comma = 0x2c;

export function joinEntries(entries: readonly Entry[]): readonly EntryBlock[] {
  const blocks: EntryBlock[] = [];
  for (let start = 0; start < entries.length; start += countMax) {
    blocks.push(joinBlock(entries, start, Math.min(start + countMax, entries.length)));
  }
  return blocks;
}

/** The blocks of `entries`, which differ at `place` from those that `blocks` were made of: one was added, replaced or taken away. */
export function rejoinEntries(
  blocks: readonly EntryBlock[],
  entries: readonly Entry[],
  place: number,
  change: "added" | "removed" | "replaced",
): readonly EntryBlock[] {
  let number = 0;
  let start = 0;
  for (const [at, { count }] of blocks.entries()) {
    number = at;
    if (place < start + count || at === blocks.length - 1) break;
    start += count;
  }
  const before = blocks[number]?.count ?? 0;
  const count = before + { added: 1, removed: -1, replaced: 0 }[change];
  const end = start + count;
  if (count === 0) return blocks.toSpliced(number, 1);
  if (count <= countMax) return blocks.toSpliced(number, 1, joinBlock(entries, start, end));
  const middle = start + (count >>> 1);
  return blocks.toSpliced(
    number,
    1,
    joinBlock(entries, start, middle),
    joinBlock(entries, middle, end),
  );
}

function joinBlock(entries: readonly Entry[], start: number, end: number): EntryBlock {
  const joined = entries.slice(start, end).map(({ entry }) => entry);
  const size = joined.reduce((sum, entry) => sum + entry.byteLength + 1, -1);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const entry of joined) {
    bytes.set(entry, at);
    at += entry.byteLength;
    if (at < size) bytes[at++] = comma;
  }
  return { count: end - start, bytes };
}
