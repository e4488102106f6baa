/** The offline keys' folder: root-1.pem … root-n.pem, targets.pem, claimed.pem. */
import { join } from "node:path";
import type { Signer } from "#crypto/signer.ts";
import type { Random } from "#core/ports.ts";
import type { OfflineKeys } from "#core/publication/first-repository.ts";
import { makeKeyFile, readKeyFile } from "#stores/folder/key-file.ts";

const rootKeysMax = 32;

/** All of them, made where they are missing. Throws RefusedError `key.unusable`. */
export async function makeOfflineKeys(
  folder: string,
  rootKeys: number,
  random: Random,
): Promise<OfflineKeys> {
  const root: Signer[] = [];
  for (let number = 1; number <= rootKeys; number++) {
    root.push(await makeKeyFile(join(folder, `root-${number}.pem`), random));
  }
  const targets = await makeKeyFile(join(folder, "targets.pem"), random);
  const claimed = await makeKeyFile(join(folder, "claimed.pem"), random);
  return { root, targets, claimed };
}

/** Those that are there. Throws RefusedError `key.unusable`. */
export async function readOfflineKeys(folder: string): Promise<readonly Signer[]> {
  const names = Array.from({ length: rootKeysMax }, (_, at) => `root-${at + 1}`);
  const keys: Signer[] = [];
  for (const name of [...names, "targets", "claimed"]) {
    const signer = await readKeyFile(join(folder, `${name}.pem`));
    if (signer !== undefined) keys.push(signer);
  }
  return keys;
}
