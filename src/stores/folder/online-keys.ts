/** The signer's key folder: one file for each role it signs. */
import { join } from "node:path";
import type { Signer } from "#crypto/signer.ts";
import type { Random } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import type { OnlineKeys } from "#core/publication/online-keys.ts";
import { makeKeyFile, readExistingKey } from "./key-file.ts";

/** All keys, made where they are missing. Throws RefusedError `key.unusable`. */
export async function makeOnlineKeys(folder: string, random: Random): Promise<OnlineKeys> {
  return await collectKeys((name) => makeKeyFile(join(folder, `${name}.pem`), random));
}

/** All keys, which must be there. Throws RefusedError `key.unusable`. */
export async function readOnlineKeys(folder: string): Promise<OnlineKeys> {
  return await collectKeys((name) => readExistingKey(join(folder, `${name}.pem`)));
}

async function collectKeys(read: (name: string) => Promise<Signer>): Promise<OnlineKeys> {
  const take = async (name: string): Promise<TufSigner> => tufSigner(await read(name));
  return {
    timestamp: await take("timestamp"),
    snapshot: await take("snapshot"),
    deny: await take("deny"),
    "recently-claimed": await take("recently-claimed"),
    unclaimed: await take("unclaimed"),
    bins: await take("bins"),
  };
}
