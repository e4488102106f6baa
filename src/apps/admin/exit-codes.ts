/** What `holdfast admin` and `holdfast restore` end with, after sysexits.h where it has a word for it. */
export const exitCodes = {
  done: 0,
  /** The index said no; or some files of an import were refused. */
  refused: 1,
  usage: 64,
  /** Nobody answers at the admin door. */
  unreachable: 69,
  failed: 70,
  /** A folder cannot be used. */
  folder: 73,
  /** A program still works on the data folder. */
  inUse: 75,
} as const;

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string") return exitCodes.failed;
  if (code === "data-folder.in-use") return exitCodes.inUse;
  if (code === "data-folder.unusable") return exitCodes.folder;
  if (code === "options.invalid" || code.startsWith("config.")) return exitCodes.usage;
  if (code === "index.unreachable") return exitCodes.unreachable;
  return code.includes(".") ? exitCodes.refused : exitCodes.failed;
}
