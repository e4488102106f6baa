/**
 * The signer's key folder: for each role it signs `<name>.pem`, `<name>.next.pem` made ahead of a rotation, and
 * `<name>.retired.pem` after it.
 */
import { join } from "node:path";
import type { PublicKey } from "#crypto/public-key.ts";
import type { Signer } from "#crypto/signer.ts";
import { RefusedError } from "#core/errors.ts";
import type { Random } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { keyPlaces } from "#core/publication/key-ring.ts";
import type { HeldKey, KeyPlace, KeyRing } from "#core/publication/key-ring.ts";
import type { KeyStore } from "#core/publication/key-store.ts";
import type { OnlineKeys } from "#core/publication/online-keys.ts";
import { makeKeyFile, readExistingKey, readKeyFile } from "./key-file.ts";
import { moveFile } from "./renamed-file.ts";

/** All keys, made where they are missing. Throws RefusedError `key.unusable`. */
export async function makeOnlineKeys(folder: string, random: Random): Promise<OnlineKeys> {
  return await collectKeys((name) => makeKeyFile(keyPath(folder, name, "current"), random));
}

/** All keys, which must be there. Throws RefusedError `key.unusable`. */
export async function readOnlineKeys(folder: string): Promise<OnlineKeys> {
  return await collectKeys((name) => readExistingKey(keyPath(folder, name, "current")));
}

/**
 * Keys for a rotation, beside those in use; the same ones again until the rotation is published. The signer finds them
 * by itself. Throws RefusedError `key.unusable`, also while the last rotation of a key is not settled.
 */
export async function makeNextOnlineKeys(
  folder: string,
  names: readonly OnlineKeyName[],
  random: Random,
): Promise<Readonly<Partial<Record<OnlineKeyName, PublicKey>>>> {
  const made = new Map<OnlineKeyName, PublicKey>();
  for (const name of names) {
    // Where it is missing, the key called next may be the one in use.
    await readExistingKey(keyPath(folder, name, "current"));
    const { publicKey } = await makeKeyFile(keyPath(folder, name, "next"), random);
    made.set(name, publicKey);
  }
  return Object.fromEntries(made);
}

export function openKeyFolder(folder: string): KeyStore {
  return {
    read: () => readRing(folder),
    move: (name, from, to) => moveFile(keyPath(folder, name, from), keyPath(folder, name, to)),
  };
}

export function keyPath(folder: string, name: OnlineKeyName, place: KeyPlace): string {
  return join(folder, place === "current" ? `${name}.pem` : `${name}.${place}.pem`);
}

async function readRing(folder: string): Promise<KeyRing> {
  const keys: HeldKey[] = [];
  const unusable: string[] = [];
  const read = async (path: string, find: typeof readKeyFile): Promise<Signer | undefined> => {
    try {
      return await find(path);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      unusable.push(error.message);
      return undefined;
    }
  };
  for (const name of onlineKeyNames) {
    for (const place of keyPlaces) {
      const signer = await read(keyPath(folder, name, place), readKeyFile);
      if (signer !== undefined) keys.push({ name, place, signer: tufSigner(signer) });
    }
    if (keys.at(-1)?.name === name) continue;
    // Says that it is missing.
    await read(keyPath(folder, name, "current"), readExistingKey);
  }
  return { keys, unusable: [...new Set(unusable)] };
}

async function collectKeys(read: (name: OnlineKeyName) => Promise<Signer>): Promise<OnlineKeys> {
  const take = async (name: OnlineKeyName): Promise<TufSigner> => tufSigner(await read(name));
  return {
    timestamp: await take("timestamp"),
    snapshot: await take("snapshot"),
    deny: await take("deny"),
    "recently-claimed": await take("recently-claimed"),
    unclaimed: await take("unclaimed"),
    bins: await take("bins"),
  };
}
