/**
 * What a failing disk or database says, in words of ours: `storage.full` where room would help (the index answers 507),
 * `storage.failed` for the rest. Errors that are not the storage's pass through unchanged.
 */
import { UnavailableError } from "#core/errors.ts";

const FULL_CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/** https://www.sqlite.org/rescode.html: SQLITE_FULL; SQLITE_IOERR and SQLITE_READONLY by their low byte. */
const SQLITE_FULL = 13;
const SQLITE_FAILED: ReadonlySet<number> = new Set([8, 10, 14]);

/** The error to throw on: `doing` completes "Cannot …". */
export function storageError(error: unknown, doing: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? error.code : undefined;
  const sqliteCode =
    "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
  if ((typeof code === "string" && FULL_CODES.has(code)) || sqliteCode === SQLITE_FULL) {
    return new UnavailableError("storage.full", `Cannot ${doing}: the disk is full`, error);
  }
  // Whatever a system call says: which codes a disk, a mount or somebody's folder in the place of a file can cause, nobody knows.
  if ((typeof code === "string" && "syscall" in error) || SQLITE_FAILED.has(sqliteCode)) {
    return new UnavailableError("storage.failed", `Cannot ${doing}: ${error.message}`, error);
  }
  return error;
}
