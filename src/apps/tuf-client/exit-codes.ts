/** What `holdfast tuf-client` ends with: the two codes of the conformance suite, and 64 as our other programs. */

export const exitCodes = { done: 0, failed: 1, usage: 64 } as const;

export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  return code.startsWith("options.") || code.startsWith("config.")
    ? exitCodes.usage
    : exitCodes.failed;
}

/** The stable code of an error, or nothing. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
