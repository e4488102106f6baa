/** What the proxy's commands end with, after sysexits.h; `--help` names them. */
import { TrustError } from "#core/errors.ts";

export const exitCodes = {
  asked: 0,
  usage: 64,
  unavailable: 69,
  failed: 70,
  state: 73,
  untrusted: 76,
  /** What `run` was given cannot be executed, or is not there: as shells end then. */
  notExecutable: 126,
  notFound: 127,
} as const;

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("options.") || code.startsWith("config.")) return exitCodes.usage;
  if (code === "command.not-found") return exitCodes.notFound;
  if (code === "command.not-executable") return exitCodes.notExecutable;
  if (code.startsWith("listen.") || code.startsWith("network.")) return exitCodes.unavailable;
  if (code === "proxy.address") return exitCodes.unavailable;
  if (code.startsWith("storage.") || code === "ready-file.unwritable") return exitCodes.state;
  if (code === "proxy.state" || code === "proxy.credentials") return exitCodes.state;
  if (error instanceof TrustError || /^(?:anchor|bytes|json|page|tuf)\./.test(code)) {
    return exitCodes.untrusted;
  }
  return exitCodes.failed;
}
