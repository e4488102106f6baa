/** The data types of SSH (RFC 4251 section 5) that agents speak: strictly, and to the last byte. */
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";

export class SshReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the bytes in messages. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  readByte(): number {
    return this.#take(1)[0] ?? 0;
  }

  readUint32(): number {
    return viewOf(this.#take(4)).getUint32(0);
  }

  /** Bytes; whoever expects text says so. */
  readString(): Uint8Array {
    return this.#take(this.readUint32());
  }

  readText(): string {
    return parseUtf8(this.readString(), this.#what);
  }

  /** Nothing may follow. */
  checkEnd(): void {
    if (this.#at !== this.#bytes.byteLength) throw malformed(this.#what, "bytes are left over");
  }

  #take(size: number): Uint8Array {
    const end = this.#at + size;
    if (end > this.#bytes.byteLength) throw malformed(this.#what, "it ends too early");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export function formatUint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

export function formatString(content: Uint8Array): Uint8Array {
  return Buffer.concat([formatUint32(content.byteLength), content]);
}

export function malformed(what: string, reason: string): FormatError {
  return new FormatError("ssh.malformed", `Cannot read ${what}: ${reason}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
