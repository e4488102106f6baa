/** The system's random bytes. Only a program's main.ts hands them in; everything else is given a `Random`. */
import type { Random } from "#core/ports.ts";

/** The most that Web Crypto gives in one call. */
const chunkSize = 65_536;

export const systemRandom: Random = (size) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += chunkSize) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + chunkSize, size)));
  }
  return bytes;
};
