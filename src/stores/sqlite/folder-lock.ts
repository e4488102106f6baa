/**
 * Who works in a folder: one process at a time. The lock is SQLite's own on a file without content, so the system
 * releases it with the process, however that ends; a pid in a file would outlive a crash.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { RefusedError } from "#core/errors.ts";

export type FolderLock = {
  release(): void;
};

/** `SQLITE_BUSY`: https://www.sqlite.org/rescode.html. */
const sqliteBusy = 5;

/** RefusedError `data-folder.in-use` while another process holds it. */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === sqliteBusy))
      throw error;
    throw new RefusedError(
      "data-folder.in-use",
      `Cannot work in ${folder}: another Holdfast is running there. End that one, or choose another folder`,
    );
  }
  return { release: () => database.close() };
}
