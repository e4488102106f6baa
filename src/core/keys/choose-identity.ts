/** Which of an agent's keys signs: the one that was named, or the only one that can. */
import { quoteText } from "#formats/bytes/quote-text.ts";
import type { AgentIdentity } from "#formats/ssh/agent-message.ts";
import { parseSshPublicKey, sshFingerprint } from "#formats/ssh/public-key.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import { RefusedError } from "#core/errors.ts";

export type ChosenIdentity = {
  readonly blob: Uint8Array;
  readonly fingerprint: string;
  readonly publicKey: PublicKey;
};

/** In a message; an agent may hold many. */
const shownMax = 10;

/**
 * Throws RefusedError `agent.no-key`; `agent.key-type` for a named key of a kind that cannot sign TUF; FormatError
 * `ssh.malformed`, `bytes.utf8`.
 */
export function chooseIdentity(
  identities: readonly AgentIdentity[],
  fingerprint: string | undefined,
): ChosenIdentity {
  if (fingerprint !== undefined) return namedIdentity(identities, fingerprint);
  const usable = identities.flatMap(({ blob, comment }) => {
    const key = parseSshPublicKey(blob);
    if (key.kind === "unusable") return [];
    return [{ blob, comment, fingerprint: sshFingerprint(blob), publicKey: key.publicKey }];
  });
  const [only, ...others] = usable;
  if (only === undefined) {
    const reasons = identities.map(describeUnusable);
    throw refused(`it holds none that can sign here${listed(reasons)}`);
  }
  if (others.length > 0) {
    const names = usable.map((key) => `${key.fingerprint} ${quoteText(key.comment)}`);
    throw refused(`it holds several; name one of them${listed(names)}`);
  }
  return only;
}

function namedIdentity(identities: readonly AgentIdentity[], fingerprint: string): ChosenIdentity {
  const named = identities.find(({ blob }) => sshFingerprint(blob) === fingerprint);
  if (named === undefined) {
    const held = identities.map(
      ({ blob, comment }) => `${sshFingerprint(blob)} ${quoteText(comment)}`,
    );
    throw refused(`it does not hold ${fingerprint}${listed(held)}`);
  }
  const key = parseSshPublicKey(named.blob);
  if (key.kind === "usable") {
    return { blob: named.blob, fingerprint, publicKey: key.publicKey };
  }
  throw new RefusedError(
    "agent.key-type",
    `Cannot use the SSH agent's key ${fingerprint}: ${key.reason}`,
  );
}

function describeUnusable({ blob }: AgentIdentity): string {
  const key = parseSshPublicKey(blob);
  return `${sshFingerprint(blob)}: ${key.kind === "unusable" ? key.reason : ""}`;
}

function listed(items: readonly string[]): string {
  if (items.length === 0) return "";
  const more = items.length > shownMax ? `, and ${items.length - shownMax} more` : "";
  return ` (${items.slice(0, shownMax).join("; ")}${more})`;
}

function refused(reason: string): RefusedError {
  return new RefusedError("agent.no-key", `Cannot use the SSH agent: ${reason}`);
}
