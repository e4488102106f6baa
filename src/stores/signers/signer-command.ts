/** A key that a program reaches (docs/spec/external-signer.md): a PKCS#11 token, a key service, a smartcard. */
import { parsePublicKeyPem } from "#crypto/public-key.ts";
import type { Signer } from "#crypto/signer.ts";
import { isHex, parseHex } from "#formats/bytes/hex.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { RefusedError } from "#core/errors.ts";
import { checkedSigner } from "#core/keys/checked-signer.ts";
import { runSignerCommand } from "./run-signer-command.ts";
import type { CommandPorts } from "./run-signer-command.ts";

const publicKeySizeMax = 16_384;
/** The hex of an RSA signature of 8,192 bits, and a line end. */
const signatureTextMax = 2_050;

/** Throws as `runSignerCommand`; RefusedError `command.output` for what is no public key. */
export async function openCommandSigner(
  command: readonly string[],
  ports: CommandPorts,
): Promise<Signer> {
  const run = async (verb: string, stdin: Uint8Array, stdoutMax: number): Promise<string> => {
    const stdout = await runSignerCommand({ command: [...command, verb], stdin, stdoutMax }, ports);
    return textOf(stdout, command, verb);
  };
  const publicKey = parsePublicKeyPem(await run("public", new Uint8Array(), publicKeySizeMax));
  if (publicKey === undefined) {
    throw refused(
      command,
      "public",
      "no PEM public key of ed25519, P-256 or RSA (2,048 bits or more)",
    );
  }
  return checkedSigner(publicKey, `the command ${quoteText(command[0] ?? "")}`, async (message) => {
    const text = (await run("sign", message, signatureTextMax)).replace(/\r?\n$/, "");
    if (text === "" || !isHex(text, text.length / 2)) {
      throw refused(command, "sign", "not a signature in lower-case hex on one line");
    }
    return parseHex(text);
  });
}

function textOf(stdout: Uint8Array, command: readonly string[], verb: string): string {
  try {
    return parseUtf8(stdout);
  } catch {
    throw refused(command, verb, "not text");
  }
}

function refused(command: readonly string[], verb: string, what: string): RefusedError {
  return new RefusedError(
    "command.output",
    `Cannot sign with ${quoteText(command[0] ?? "")}: what \`${verb}\` printed is ${what}`,
  );
}
