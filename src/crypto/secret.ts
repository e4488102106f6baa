import { inspect } from "node:util";

/** Bytes that must not end up in a log, a message or a dump by accident. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes);
    Object.defineProperty(this, inspect.custom, { value: () => "[secret]" });
  }

  /** A copy; the caller decides how long it lives. */
  reveal(): Uint8Array {
    return new Uint8Array(this.#bytes);
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}
