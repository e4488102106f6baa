/** What a program hands to `openSigner`: its own terminal, environment and clock. */
import { systemTimer } from "#stores/host/timer.ts";
import { passphraseAsker } from "./ask-passphrase.ts";
import type { SignerPorts } from "./open-signer.ts";

/** `passphraseFile` is what `--passphrase-file` named. */
export function systemSignerPorts(passphraseFile?: string): SignerPorts {
  const terminal = { input: process.stdin, output: process.stderr };
  const file = passphraseFile === undefined ? {} : { file: passphraseFile };
  return {
    askPassphrase: passphraseAsker(terminal, file),
    env: process.env,
    timer: systemTimer,
    show: (text) => void process.stderr.write(text),
  };
}
