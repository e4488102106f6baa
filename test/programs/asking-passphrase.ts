/** Asks for a passphrase twice, as the making of a key does, and prints the hash of each, or the refusal's code. */
import { sha256Hex } from "#crypto/hash.ts";
import { systemSignerPorts } from "#stores/signers/system-signer-ports.ts";

const { askPassphrase } = systemSignerPorts();
try {
  for (const prompt of ["Passphrase: ", "The same again: "]) {
    const passphrase = await askPassphrase(prompt);
    process.stdout.write(`hash ${sha256Hex(passphrase.reveal())}\n`);
  }
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : "no code";
  process.stdout.write(`${code}\n`);
}
