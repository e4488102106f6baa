/**
 * Where a signing key is, as people write it on a command line (docs/spec/key-files.md): `FILE`, `ssh-agent:` with or
 * without a fingerprint, `command:` with words.
 */
import { FormatError } from "#formats/format-error.ts";
import { parseCommandWords } from "./command-words.ts";

export type SignerReference =
  | { readonly kind: "file"; readonly path: string }
  /** Without a fingerprint the agent must hold exactly one key that can be used. */
  | { readonly kind: "ssh-agent"; readonly fingerprint?: string }
  /** The program, then its arguments. */
  | { readonly kind: "command"; readonly command: readonly string[] };

const agentPrefix = "ssh-agent:";
const commandPrefix = "command:";
/** As `ssh-add -l` prints it: base64 of 32 bytes without padding. */
const fingerprintPattern: RegExp = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Throws FormatError `options.invalid`. A file whose name begins like the other two is written `./ssh-agent:x`. */
export function parseSignerReference(text: string): SignerReference {
  if (text.startsWith(commandPrefix)) {
    return { kind: "command", command: parseCommandWords(text.slice(commandPrefix.length)) };
  }
  if (text.startsWith(agentPrefix)) return parseAgent(text.slice(agentPrefix.length));
  if (text === "" || text.includes("\0")) throw invalid("it names no file");
  return { kind: "file", path: text };
}

function parseAgent(fingerprint: string): SignerReference {
  if (fingerprint === "") return { kind: "ssh-agent" };
  if (!fingerprintPattern.test(fingerprint)) {
    throw invalid("after ssh-agent: comes nothing, or SHA256:… as `ssh-add -l` prints it");
  }
  return { kind: "ssh-agent", fingerprint };
}

function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the option --key: ${reason}`);
}
