/** What `holdfast index` ends with, after sysexits.h. */
export const exitCodes = {
  asked: 0,
  usage: 64,
  portInUse: 69,
  failed: 70,
  /** The data folder cannot be used. */
  dataFolder: 73,
  /** Another index works on the data folder. */
  inUse: 75,
} as const;

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "data-folder.in-use") return exitCodes.inUse;
  if (code === "listen.port-in-use" || code === "EADDRINUSE") return exitCodes.portInUse;
  if (code === "options.invalid") return exitCodes.usage;
  if (typeof code !== "string") return exitCodes.failed;
  if (code.startsWith("config.")) return exitCodes.usage;
  const isFolder = ["EACCES", "EROFS", "ENOTDIR", "ready-file.unwritable", "storage.failed"];
  return isFolder.includes(code) ? exitCodes.dataFolder : exitCodes.failed;
}
