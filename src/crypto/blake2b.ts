/** BLAKE2b with 32 bytes of output, which Node's own OpenSSL cannot shorten to. In a file of its own: WebAssembly. */
import { createBLAKE2b } from "hash-wasm";
import type { StreamingHash } from "./hash.ts";

export async function createBlake2b256(): Promise<StreamingHash> {
  const state = await createBLAKE2b(256);
  state.init();
  return {
    update: (chunk) => {
      state.update(chunk);
    },
    digestHex: () => state.digest("hex"),
  };
}
