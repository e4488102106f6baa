/** Hashes. Digests are lower-case hex where a text is wanted. */
import { createHash as createNodeHash, hash } from "node:crypto";

export type HashName = "blake2b512" | "md5" | "sha256" | "sha512";

export type StreamingHash = {
  update(chunk: Uint8Array): void;
  /** Once; the hash cannot be used afterwards. */
  digestHex(): string;
};

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

/** The same of a text in UTF-8, which must be well formed; much faster for short ones than their bytes. */
export function sha256HexOfText(text: string): string {
  return hash("sha256", text, "hex");
}

/** The same of pieces, as if they were one. */
export function sha256HexOfPieces(pieces: readonly Uint8Array[]): string {
  const state = createNodeHash("sha256");
  for (const piece of pieces) state.update(piece);
  return state.digest("hex");
}

/** The digest of `bytes` in one go, lower-case hex. */
export function digestHex(name: HashName, bytes: Uint8Array): string {
  return hash(name, bytes, "hex");
}

export function createHash(name: HashName): StreamingHash {
  const state = createNodeHash(name);
  return {
    update: (chunk) => {
      state.update(chunk);
    },
    digestHex: () => state.digest("hex"),
  };
}
