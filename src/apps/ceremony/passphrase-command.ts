/** The same key under another passphrase: a new file, with what the key remembers; the old one is its holder's to destroy. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { keyFingerprint } from "#formats/ceremony/key-card.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { resealKeyFile } from "#stores/signers/key-files.ts";
import {
  readSigningNote,
  signingNotePath,
  writeSigningNote,
} from "#stores/signers/signing-notes.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";

type PassphraseOptions = {
  readonly out: string;
  readonly passphraseFile?: string;
  readonly newPassphraseFile?: string;
};

const examples = `
Takes an encrypted key file, or a PEM that is to be encrypted, and writes the same key into a new
file under a new passphrase, with the note of what it has signed. Who once had the old file and its
passphrase has the key: then ask for a ceremony with another key instead.

Examples:
  holdfast ceremony passphrase ada.key --out ada-2.key
  holdfast ceremony passphrase DATA/offline/root-1.pem --out /media/stick/root-1.key`;

export function addPassphraseCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("passphrase")
    .description("write a key file's key into a new file, under a new passphrase")
    .argument("<file>", "the key file there is")
    .requiredOption("--out <file>", "the new one")
    .option("--passphrase-file <file>", "read the passphrase there is from its first line")
    .option("--new-passphrase-file <file>", "read the new one from its first line")
    .addHelpText("after", examples)
    .action((from: string, options: PassphraseOptions) => changePassphrase(world(), from, options));
}

async function changePassphrase(
  { output, random, signerPorts }: CeremonyWorld,
  from: string,
  { newPassphraseFile, out, passphraseFile }: PassphraseOptions,
): Promise<void> {
  const ports = signerPorts(passphraseFile);
  const path = resolve(out);
  const { publicKey } = await resealKeyFile(resolve(from), path, {
    askPassphrase: ports.askPassphrase,
    askNewPassphrase: signerPorts(newPassphraseFile).askPassphrase,
    random,
  });
  const key = tufKeyOf(publicKey);
  const noteOf = (file: string): string =>
    signingNotePath({ kind: "file", path: file }, key.keyId, ports.env);
  const note = await readSigningNote(noteOf(resolve(from)), key.keyId);
  if (note !== undefined) await writeSigningNote(noteOf(path), note);
  const fingerprint = keyFingerprint(key);
  output.print({ key: path, fingerprint }, () => [
    `Key:         ${path}`,
    `Fingerprint: ${fingerprint} (as before)`,
    `${resolve(from)} still opens as it did: destroy it, and its copies, once you have tried the new one.`,
  ]);
}
