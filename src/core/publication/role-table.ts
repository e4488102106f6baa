/**
 * The newest file of every role, as a value: a batch makes a new table, which shares with the one before all that it did
 * not change, and with it the text that a snapshot says of it. So one upload costs as little where there are 16,384 bins
 * as where there are few.
 */
import { compareCodePoints } from "#formats/json/canonical.ts";
import type { MetaFile } from "#formats/tuf/metadata.ts";
import { metaLine } from "#formats/tuf/snapshot.ts";
import { isBinName } from "#core/tuf/layout.ts";
import { publicationLimits } from "./limits.ts";
import type { RoleVersion } from "./signer-store.ts";

/** Changing one role copies so many, and a pointer for each so many. */
const blockSize = 128;

export class RoleTable {
  /** Of each role, counted in the order in which a snapshot lists them. The same for all tables with the same roles. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #blocks: readonly RoleBlock[];

  private constructor(places: ReadonlyMap<string, number>, blocks: readonly RoleBlock[]) {
    this.#places = places;
    this.#blocks = blocks;
  }

  /** The last one of each role counts. */
  static of(files: Iterable<RoleVersion>): RoleTable {
    const newest = new Map<string, RoleVersion>();
    for (const file of files) newest.set(file.role, file);
    const sorted = [...newest.values()].toSorted((a, b) =>
      compareCodePoints(`${a.role}.json`, `${b.role}.json`),
    );
    const blocks: RoleBlock[] = [];
    for (let at = 0; at < sorted.length; at += blockSize) {
      blocks.push(new RoleBlock(sorted.slice(at, at + blockSize)));
    }
    return new RoleTable(new Map(sorted.map(({ role }, at) => [role, at])), blocks);
  }

  get(role: string): RoleVersion | undefined {
    const place = this.#places.get(role);
    if (place === undefined) return undefined;
    return this.#blocks[Math.floor(place / blockSize)]?.files[place % blockSize];
  }

  /** In the order in which a snapshot lists them. */
  *values(): Generator<RoleVersion> {
    for (const { files } of this.#blocks) yield* files;
  }

  /** With these files in the place of those of the same roles. */
  with(files: readonly RoleVersion[]): RoleTable {
    const changed = new Map<number, RoleVersion[]>();
    for (const file of files) {
      const place = this.#places.get(file.role);
      if (place === undefined) return RoleTable.of([...this.values(), ...files]);
      const number = Math.floor(place / blockSize);
      const block = changed.get(number) ?? [...(this.#blocks[number]?.files ?? [])];
      block[place % blockSize] = file;
      changed.set(number, block);
    }
    const blocks = [...this.#blocks];
    for (const [number, block] of changed) blocks[number] = new RoleBlock(block);
    return new RoleTable(this.#places, blocks);
  }

  /** What a snapshot says of these roles, as `snapshotText` takes it, where there are 2^`bitLength` bins. */
  snapshotLines(bitLength: number): string {
    const texts = this.#blocks.map((block) => block.snapshotLines(bitLength));
    return texts.filter((text) => text !== "").join(",");
  }
}

class RoleBlock {
  readonly files: readonly RoleVersion[];
  /** Made when it is first asked for; bins seldom change their number. */
  #lines: { readonly bitLength: number; readonly text: string } | undefined;

  constructor(files: readonly RoleVersion[]) {
    this.files = files;
  }

  snapshotLines(bitLength: number): string {
    if (this.#lines?.bitLength !== bitLength) {
      const lines: string[] = [];
      for (const file of this.files) {
        const listed = listedAs(file, bitLength);
        if (listed !== undefined) lines.push(metaLine(file.role, listed));
      }
      this.#lines = { bitLength, text: lines.join(",") };
    }
    return this.#lines.text;
  }
}

/**
 * Every targets role that ever was is listed, for a client refuses a snapshot from which one has gone (specification
 * 5.5.5). Where its hash is listed, who has stolen the role's key cannot put another file under the same version before
 * clients. Where bins are many theirs are not: every client fetches the whole snapshot.
 */
function listedAs(
  { role, version, length, sha256 }: RoleVersion,
  bitLength: number,
): MetaFile | undefined {
  if (role === "root" || role === "snapshot" || role === "timestamp") return undefined;
  const areBinsFew = bitLength <= publicationLimits.hashedBinBitLengthMax;
  const isHashed = !isBinName(role) || (areBinsFew && isDelegated(role, bitLength));
  return isHashed ? { version, length, hashes: new Map([["sha256", sha256]]) } : { version };
}

/** Whether the role is looked up: bins from when there were fewer, with shorter names, are not. */
export function isDelegated(role: string, bitLength: number): boolean {
  return !isBinName(role) || role.length - role.indexOf("-") - 1 === Math.ceil(bitLength / 4);
}
