/** A key folder for simulated worlds; what `files` holds survives the process that moved it. */
import { invariant } from "#core/errors.ts";
import { keyPlaces, ringOf } from "#core/publication/key-ring.ts";
import type { HeldKey, KeyPlace } from "#core/publication/key-ring.ts";
import type { KeyStore } from "#core/publication/key-store.ts";
import type { OnlineKeys } from "#core/publication/online-keys.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";

/** By `keyFile`. */
export type KeyFiles = Map<string, TufSigner>;

export function keyFile(name: OnlineKeyName, place: KeyPlace): string {
  return `${name} ${place}`;
}

export function keyFilesOf(keys: OnlineKeys): KeyFiles {
  return new Map(
    ringOf(keys).keys.map(({ name, place, signer }) => [keyFile(name, place), signer]),
  );
}

export function createMemoryKeyStore(files: KeyFiles): KeyStore {
  return {
    async read() {
      const keys: HeldKey[] = [];
      for (const name of onlineKeyNames) {
        for (const place of keyPlaces) {
          const signer = files.get(keyFile(name, place));
          if (signer !== undefined) keys.push({ name, place, signer });
        }
      }
      return { keys, unusable: [] };
    },
    async move(name, from, to) {
      const signer = files.get(keyFile(name, from));
      invariant(signer !== undefined, "a key is moved from where it was read");
      files.set(keyFile(name, to), signer);
      files.delete(keyFile(name, from));
    },
  };
}
