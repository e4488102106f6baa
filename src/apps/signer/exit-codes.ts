/** What `holdfast signer` ends with, after sysexits.h. */
export const exitCodes = {
  asked: 0,
  /** `recover`: it was done before, and nothing was changed. */
  alreadyDone: 3,
  usage: 64,
  /** A good copy, a plan or a ceremony cannot be used. */
  unusableInput: 65,
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
  if (code === "recovery.done") return exitCodes.alreadyDone;
  if (code === "options.invalid" || code === "recovery.choice") return exitCodes.usage;
  if (typeof code !== "string") return exitCodes.halted;
  if (code.startsWith("config.")) return exitCodes.usage;
  if (/^(?:ceremony|json|key-card|recovery|tuf)\./.test(code)) return exitCodes.unusableInput;
  if (code === "key.not-held" || code === "key.unusable") return exitCodes.unusable;
  if (code === "signer.not-initialised" || code === "data-folder.unusable") {
    return exitCodes.unusable;
  }
  return exitCodes.halted;
}
