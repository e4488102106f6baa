/** The data folder as a recovery has it: for itself alone, as the signer does, and never beside it. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RefusedError } from "#core/errors.ts";
import type { Clock, Random } from "#core/ports.ts";
import type { KeyStore } from "#core/publication/key-store.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";
import type { RecoveryPorts } from "#core/recovery/recover-publication.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";
import type { FolderLock } from "#stores/sqlite/folder-lock.ts";
import { openSqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import type { SqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import { openStepLog } from "#apps/signer/step-log.ts";
import type { LogLevel } from "#formats/config/config.ts";
import type { Output } from "./output.ts";

export type RecoveryWorld = {
  readonly data: DataFolder;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: SqliteSignerStore;
  readonly publicTree: PublicTree;
  readonly keys: KeyStore;
  readonly ports: RecoveryPorts;
  readonly output: Output;
  /** Names this process in the lease. */
  readonly holder: string;
  close(): Promise<void>;
};

export const databaseName = "signer.sqlite";

/** Throws RefusedError `data-folder.in-use` while a signer runs. */
export async function openRecoveryWorld(
  root: string,
  level: LogLevel,
  { clock, output, random }: Pick<RecoveryWorld, "clock" | "output" | "random">,
): Promise<RecoveryWorld> {
  const data = dataFolder(root);
  const database = join(data.signer, databaseName);
  // Opening it would make one, and a new one beside an old tree is a restore of nothing.
  if (!existsSync(database)) throw unusable(data, `there is no ${database}`);
  const lock = lockSigner(data);
  const store = await openSqliteSignerStore(database);
  const steps = openStepLog(data.log, level);
  const publicTree = openFolderPublicTree(data.publicTree);
  const keys = openKeyFolder(data.onlineKeys);
  const notice = (sentence: string): void => output.note(sentence);
  return {
    data,
    clock,
    random,
    store,
    publicTree,
    keys,
    output,
    ports: { clock, store, publicTree, keys, steps, notice },
    holder: `${hostname()} ${process.pid} recover`,
    async close() {
      await store.close();
      steps.close();
      lock.release();
    },
  };
}

function lockSigner({ root, signer }: DataFolder): FolderLock {
  try {
    return lockFolder(signer);
  } catch (error) {
    if (error instanceof RefusedError) {
      throw new RefusedError(
        error.code,
        `Cannot recover ${root} while a signer works on it: end the signer, or \`holdfast up\`, and run this again; what was published stays readable meanwhile`,
      );
    }
    throw error;
  }
}

function unusable({ root }: DataFolder, reason: string): RefusedError {
  return new RefusedError("data-folder.unusable", `Cannot recover ${root}: ${reason}`);
}
