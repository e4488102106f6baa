/** What `holdfast init`, `renew` and `ceremony` end with, after sysexits.h where it has a word for it. */
export const ceremonyExitCodes = {
  done: 0,
  /** `check`: nothing is wrong, and signatures are missing. */
  incomplete: 1,
  usage: 64,
  /** A rule of ceremonies, or the signer, said no; or a file is not what it should be. */
  refused: 65,
  /** The signer does not answer. */
  unreachable: 69,
  failed: 70,
  /** A key cannot be used. */
  key: 73,
} as const;

export function ceremonyExitCode(error: unknown): number {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "options.invalid" || code.startsWith("config.")) return ceremonyExitCodes.usage;
  if (code === "signer.unreachable") return ceremonyExitCodes.unreachable;
  if (/^(agent|command|key|key-file|ssh)\./.test(code)) return ceremonyExitCodes.key;
  if (/^(bytes|ceremony|json|key-card|metadata|tuf)\./.test(code)) return ceremonyExitCodes.refused;
  return ceremonyExitCodes.failed;
}
