/**
 * The bytes of files and their `.metadata`, from the cache or the index, and never a byte more than was verified, but for the beginning of a file that is too large to hold (core/verdict/verified-stream.ts).
 */
import { createHash, sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { addMilliseconds, formatInstant } from "#formats/bytes/instant.ts";
import { documentLimits, fileLimits, verdictLimits } from "#core/verdict/limits.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import type { CacheDraft } from "#core/verdict/verified-cache.ts";
import { checkFileDigest, verifiedChunks } from "#core/verdict/verified-stream.ts";
import type { FileFacts } from "#core/verdict/verified-stream.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { CheckedCache } from "./checked-cache.ts";
import type { ListedFile } from "./file-lookup.ts";
import type { IndexFetch } from "./index-fetch.ts";
import { createRecentMap } from "./recent-map.ts";

export type FileBytes =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  /** Ends with an error when it turns out not to be the file. */
  | { readonly kind: "stream"; readonly size: number; readonly chunks: AsyncIterable<Uint8Array> };

export type ByteSpan = { readonly start: number; readonly end: number };

export type ProjectFiles = {
  /** The reason for which this file is refused without asking again, if there is one. */
  readonly standingRefusal: (file: ListedFile) => Refusal | undefined;
  /** Throws TrustError or UnavailableError; the stream does so too. */
  readonly openFile: (file: ListedFile) => Promise<FileBytes>;
  /** A part of a large file, from bytes that verify; undefined when they are not at hand. */
  readonly openSpan: (file: ListedFile, span: ByteSpan) => Promise<Uint8Array | undefined>;
};

export type ProjectFilesPorts = {
  readonly clock: Clock;
  readonly indexFetch: IndexFetch;
  readonly cache: CheckedCache;
  /** Of bytes held for requests that are being answered. */
  readonly budget: ByteBudget;
  /** A stream turned out not to be the file, after its head was answered. */
  readonly onStreamRefused: (refusal: Refusal) => void;
};

/** Small files and `.metadata` are kept in memory, where nobody but this process writes. */
const smallSizeMax = 262_144;
const smallKeptMax = 32 * 1_024 * 1_024;
const refusedKeptMax = 1_000;

export function createProjectFiles(ports: ProjectFilesPorts): ProjectFiles {
  const bytes = new FileSource(ports);
  return {
    standingRefusal: (file) => bytes.standingRefusal(file),
    openFile: (file) => bytes.open(file),
    openSpan: (file, span) => bytes.openSpan(file, span),
  };
}

class FileSource {
  readonly #ports: ProjectFilesPorts;
  readonly #small = createRecentMap<Uint8Array>(smallKeptMax);
  readonly #fetching = new Map<string, Promise<Uint8Array>>();
  readonly #refused = createRecentMap<{ readonly refusal: Refusal; readonly untilMs: number }>(
    refusedKeptMax,
  );

  constructor(ports: ProjectFilesPorts) {
    this.#ports = ports;
  }

  standingRefusal(file: ListedFile): Refusal | undefined {
    const refused = this.#refused.get(keyOf(file));
    if (refused === undefined) return undefined;
    if (refused.untilMs > this.#ports.clock().getTime()) return refused.refusal;
    this.#refused.remove(keyOf(file));
    return undefined;
  }

  async open(file: ListedFile): Promise<FileBytes> {
    const { size } = file;
    if (size === undefined || isVerifiedWhole(file)) {
      return { kind: "whole", bytes: await this.#readOrFetch(file) };
    }
    const facts = { ...file, size };
    return {
      kind: "stream",
      size,
      chunks: (await this.#openCached(facts)) ?? (await this.#openFetched(facts)),
    };
  }

  async openSpan(file: ListedFile, { start, end }: ByteSpan): Promise<Uint8Array | undefined> {
    const { size } = file;
    if (size === undefined || end - start > verdictLimits.wholeSizeMax) return undefined;
    return await this.#ports.budget.within(end - start, async () => {
      const chunks = await this.#openCached({ ...file, size });
      if (chunks === undefined) return undefined;
      const span = new Uint8Array(end - start);
      let at = 0;
      try {
        for await (const chunk of chunks) {
          const from = Math.max(start, at);
          const to = Math.min(end, at + chunk.length);
          if (from < to) span.set(chunk.subarray(from - at, to - at), from - start);
          at += chunk.length;
        }
      } catch (error) {
        // Damaged: dropped by now, and to be fetched anew.
        refusalOf(error, "file");
        return undefined;
      }
      return span;
    });
  }

  async #readOrFetch(file: ListedFile): Promise<Uint8Array> {
    const { sha256 } = file;
    const small = this.#small.get(sha256);
    if (small !== undefined) return small;
    const key = keyOf(file);
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = this.#startReading(file, () => this.#fetching.delete(key));
      this.#fetching.set(key, fetching);
    }
    const bytes = await fetching;
    if (bytes.length <= smallSizeMax) this.#small.set(sha256, bytes, bytes.length);
    return bytes;
  }

  /** The answer does not wait until the bytes are kept; the room they take is given back only then. */
  #startReading(file: ListedFile, onDone: () => void): Promise<Uint8Array> {
    const { promise, reject, resolve } = Promise.withResolvers<Uint8Array>();
    this.#ports.budget
      .within(file.size ?? smallSizeMax, async () => {
        const cached = await this.#readCached(file);
        const bytes = cached ?? (await this.#fetchWhole(file));
        resolve(bytes);
        if (cached === undefined) await this.#ports.cache.keep(file.sha256, bytes);
      })
      .catch(reject)
      .finally(onDone);
    return promise;
  }

  #readCached({ sha256, filename, size }: ListedFile): Promise<Uint8Array | undefined> {
    return this.#ports.cache.readChecked(sha256, (bytes) => {
      const facts = { filename, sha256, size: size ?? bytes.length };
      checkFileDigest(facts, bytes.length, sha256Hex(bytes));
      return bytes;
    });
  }

  async #fetchWhole(file: ListedFile): Promise<Uint8Array> {
    const { filename, sha256, size, url } = file;
    const limits =
      size === undefined ? documentLimits(verdictLimits.metadataSizeMax) : fileLimits(size);
    const facts = { filename, sha256, size: size ?? 0 };
    return await this.#remembering(file, async () => {
      const chunks = await this.#ports.indexFetch.fetchFile(url, limits);
      if (chunks === undefined) throw missing(file);
      const hash = createHash("sha256");
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of chunks) {
        hash.update(chunk);
        parts.push(chunk);
        length += chunk.length;
      }
      checkFileDigest({ ...facts, size: size ?? length }, length, hash.digestHex());
      return join(parts, length);
    });
  }

  async #openCached(
    file: ListedFile & { readonly size: number },
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { cache } = this.#ports;
    const cached = await cache.openChunks(file.sha256, file.size);
    if (cached === undefined) return undefined;
    return droppingDamage(verifiedChunks(cached.chunks, file), () =>
      cache.dropDamaged(file.sha256),
    );
  }

  async #openFetched(
    file: ListedFile & { readonly size: number },
  ): Promise<AsyncIterable<Uint8Array>> {
    const { cache, indexFetch, onStreamRefused } = this.#ports;
    return await this.#remembering(file, async () => {
      const chunks = await indexFetch.fetchFile(file.url, fileLimits(file.size));
      if (chunks === undefined) throw missing(file);
      const draft = await cache.openDraft();
      return keeping(chunks, file, draft, (error) => {
        const refusal = refusalOf(error, `file ${file.filename}`, { url: file.url.href });
        onStreamRefused(this.#remember(file, refusal));
      });
    });
  }

  /** A wrong answer is remembered for a while: the client's next tries get the reason, not the same again. */
  async #remembering<T>(file: ListedFile, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#remember(file, refusalOf(error, `file ${file.filename}`, { url: file.url.href }));
      throw error;
    }
  }

  /** Answers the refusal that says also until when. */
  #remember(file: ListedFile, refusal: Refusal): Refusal {
    if (refusal.kind !== "wrong") return refusal;
    const lastsMs = isVerifiedWhole(file)
      ? verdictLimits.refusedFileMs
      : verdictLimits.refusedLargeFileMs;
    const until = addMilliseconds(this.#ports.clock(), lastsMs);
    const evidence = { ...refusal.evidence, refusedUntil: formatInstant(until) };
    const remembered = { ...refusal, evidence };
    this.#refused.set(keyOf(file), { refusal: remembered, untilMs: until.getTime() }, 1);
    return remembered;
  }
}

async function* droppingDamage(
  chunks: AsyncIterable<Uint8Array>,
  drop: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    await drop();
    throw error;
  }
}

/**
 * The bytes as they come and, once verified, kept. `onFailed` hears why they were not: also what the sender or the
 * network did, but not that the reader left.
 */
async function* keeping(
  chunks: AsyncIterable<Uint8Array>,
  file: FileFacts,
  draft: CacheDraft,
  onFailed: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  let kept = false;
  const written = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await draft.write(chunk);
      yield chunk;
    }
  };
  try {
    yield* verifiedChunks(written(), file, async () => {
      kept = true;
      await draft.keep(file.sha256);
    });
  } catch (error) {
    onFailed(error);
    throw error;
  } finally {
    if (!kept) await draft.drop();
  }
}

/** Before its first byte is answered; larger files while they stream. */
function isVerifiedWhole({ size }: ListedFile): boolean {
  return size === undefined || size <= verdictLimits.wholeSizeMax;
}

/** Not the hash alone: a project must not be able to have another's file refused by listing it wrongly. */
function keyOf({ sha256, size, url }: ListedFile): string {
  return `${sha256} ${size} ${url.href}`;
}

function missing({ filename, sha256, url }: ListedFile): TrustError {
  const sentence = `The index does not have ${filename}, which its verified page lists`;
  return new TrustError("file.missing", sentence, { filename, sha256, url: url.href });
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
