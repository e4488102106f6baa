/**
 * A backup while everything runs. The order makes it consistent: first this index's database, then the signer's, then
 * the files. So what the copies know grows from the first to the last, and after a restore the index takes over from
 * the signer what its own copy does not know, and every file that is known is there.
 */
import { UnavailableError } from "#core/errors.ts";
import type { IndexPorts } from "./index-ports.ts";

export type BackupEvent =
  | { readonly kind: "step"; readonly step: "files" | "index" | "signer" }
  | { readonly kind: "done"; readonly files: number; readonly signer: boolean };

export type BackupOptions = {
  /** Absolute; empty or not there yet. */
  readonly folder: string;
  /** Without the signer's database: for one that runs on another machine and is backed up there. */
  readonly withoutSigner: boolean;
};

export async function backUp(
  ports: Pick<IndexPorts, "clock" | "door" | "files" | "folders">,
  { folder, withoutSigner }: BackupOptions,
  tell: (event: BackupEvent) => void,
): Promise<void> {
  const { clock, door, files, folders } = ports;
  await folders.makeEmpty(folder, "pass");
  tell({ kind: "step", step: "index" });
  await folders.backupDatabase(`${folder}/index`);
  if (!withoutSigner) {
    tell({ kind: "step", step: "signer" });
    await backUpSigner(door, folders, folder);
  }
  tell({ kind: "step", step: "files" });
  const count = await files.backup(`${folder}/files`);
  const about = { made: clock().toISOString(), files: count, signer: !withoutSigner };
  // Last: a folder without it is no complete backup.
  await folders.writeText(folder, "backup.json", `${JSON.stringify(about, undefined, 2)}\n`);
  tell({ kind: "done", files: count, signer: !withoutSigner });
}

async function backUpSigner(
  door: IndexPorts["door"],
  folders: IndexPorts["folders"],
  folder: string,
): Promise<void> {
  try {
    await door.backup(await folders.makeBelow(folder, "signer"));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new UnavailableError(
      error.code,
      `${error.message}. The backup is incomplete: start the signer, or back it up where it runs and say --without-signer.`,
      error,
    );
  }
}
