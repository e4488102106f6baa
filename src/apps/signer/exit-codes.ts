/** What `holdfast signer` ends with, after sysexits.h. */
export const exitCodes = {
  asked: 0,
  usage: 64,
  /** Another signer took over, or what only a mistake can cause. */
  halted: 70,
  /** Data folder, keys or first metadata cannot be used. */
  unusable: 73,
  /** Another signer works on the data folder. */
  inUse: 75,
} as const;

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "data-folder.in-use") return exitCodes.inUse;
  if (code === "options.invalid") return exitCodes.usage;
  if (typeof code === "string" && code.startsWith("config.")) return exitCodes.usage;
  if (code === "key.not-held" || code === "key.unusable") return exitCodes.unusable;
  if (code === "signer.not-initialised") return exitCodes.unusable;
  return exitCodes.halted;
}
