/** The offline keys' folder: root-1.pem … root-n.pem, targets.pem, claimed.pem. */
import { join } from "node:path";
import type { Random } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import type { OfflineKeys } from "#core/publication/first-repository.ts";
import { makeKeyFile, readKeyFile } from "#stores/folder/key-file.ts";

const rootKeysMax = 32;

/** All of them, made where they are missing. Throws RefusedError `key.unusable`. */
export async function makeOfflineKeys(
  folder: string,
  rootKeys: number,
  random: Random,
): Promise<OfflineKeys> {
  const make = async (name: string): Promise<TufSigner> =>
    tufSigner(await makeKeyFile(join(folder, `${name}.pem`), random));
  const root: TufSigner[] = [];
  for (let number = 1; number <= rootKeys; number++) root.push(await make(`root-${number}`));
  return { root, targets: await make("targets"), claimed: await make("claimed") };
}

/** Those that are there. Throws RefusedError `key.unusable`. */
export async function readOfflineKeys(folder: string): Promise<readonly TufSigner[]> {
  const names = Array.from({ length: rootKeysMax }, (_, at) => `root-${at + 1}`);
  const keys: TufSigner[] = [];
  for (const name of [...names, "targets", "claimed"]) {
    const signer = await readKeyFile(join(folder, `${name}.pem`));
    if (signer !== undefined) keys.push(tufSigner(signer));
  }
  return keys;
}
