/** What `holdfast admin` and `holdfast restore` end with, after sysexits.h where it has a word for it. */
export const exitCodes = {
  done: 0,
  /** The index said no; or some files of an import were refused. */
  refused: 1,
  usage: 64,
  /** Nobody answers at the admin door, or the index cannot reach its signer. */
  unreachable: 69,
  failed: 70,
  /** A folder cannot be used. */
  folder: 73,
  /** A program still works on the data folder. */
  inUse: 75,
} as const;

/** What the index says of how it was asked, not of what was asked for. */
const wrongUse: ReadonlySet<string> = new Set([
  "options.invalid",
  "project-name.invalid",
  "request.invalid",
  "version.invalid",
]);

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string") return exitCodes.failed;
  if (wrongUse.has(code) || code.startsWith("config.")) return exitCodes.usage;
  switch (code) {
    case "data-folder.in-use":
      return exitCodes.inUse;
    case "data-folder.unusable":
    case "folder.unusable":
      return exitCodes.folder;
    case "index.busy":
    case "index.unreachable":
    case "signer.unreachable":
      return exitCodes.unreachable;
    case "index.failed":
    case "storage.failed":
    case "storage.full":
      return exitCodes.failed;
    default:
      return code.includes(".") ? exitCodes.refused : exitCodes.failed;
  }
}
