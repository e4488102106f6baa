/** BLAKE2b with 32 bytes of output, which Node's own OpenSSL cannot shorten to. In a file of its own: WebAssembly. */
import { createBLAKE2b } from "hash-wasm";
import type { StreamingHash } from "./hash.ts";

/** One such hash. */
export function createBlake2b256(): Promise<StreamingHash> {
  return createBlake2b256Maker()();
}

/** Instances that wait to be used again. */
const idleMax = 16;

/**
 * Makes many of them. A WebAssembly instance costs far more than the hash of a small file, and its memory sets the
 * collector to work, so that instances are used again once their digest was asked for. After that a hash is dead.
 */
export function createBlake2b256Maker(): () => Promise<StreamingHash> {
  const idle: Awaited<ReturnType<typeof createBLAKE2b>>[] = [];
  return async () => {
    const instance = idle.pop() ?? (await createBLAKE2b(256));
    instance.init();
    let isLive = true;
    const checkLive = (): void => {
      if (!isLive) throw new Error("Invariant broken: a digest ends its hash");
    };
    return {
      update(chunk) {
        checkLive();
        instance.update(chunk);
      },
      digestHex() {
        checkLive();
        isLive = false;
        const digest = instance.digest("hex");
        if (idle.length < idleMax) idle.push(instance);
        return digest;
      },
    };
  };
}
