/** A stream of chunks, taken in pieces of the reader's choosing. */
import { FormatError } from "#formats/format-error.ts";

export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; undefined when the stream ended right here; `archive.corrupt` when it ends within. */
  async take(length: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length >= length) return this.#cut(length);
    const pieces: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#advance())) {
        if (missing === length) return undefined;
        throw cutShort();
      }
      const piece = this.#cut(Math.min(missing, this.#rest.length));
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces.length === 1 ? pieces[0] : new Uint8Array(Buffer.concat(pieces));
  }

  /** Passes over `length` bytes; `archive.corrupt` when there are fewer. */
  async skip(length: number): Promise<void> {
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#advance())) throw cutShort();
      missing -= this.#cut(Math.min(missing, this.#rest.length)).length;
    }
  }

  /** Reads the stream to its end. */
  async isZeroToEnd(): Promise<boolean> {
    do {
      if (this.#rest.some((byte) => byte !== 0)) return false;
    } while (await this.#advance());
    return true;
  }

  /** Lets the stream go, read to its end or not. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #advance(): Promise<boolean> {
    const step = await this.#chunks.next();
    this.#rest = step.done === true ? new Uint8Array(0) : step.value;
    return step.done !== true;
  }

  #cut(length: number): Uint8Array {
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return piece;
  }
}

function cutShort(): FormatError {
  return new FormatError("archive.corrupt", "The archive is cut short");
}
