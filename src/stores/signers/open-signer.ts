/**
 * A key where its holder keeps it, as something that signs (docs/spec/key-files.md). Wherever it is, its public key is
 * known before anything is signed.
 */
import type { Secret } from "#crypto/secret.ts";
import type { SignerReference } from "#formats/ceremony/signer-reference.ts";
import type { HolderKind } from "#formats/tuf/holder.ts";
import { RefusedError } from "#core/errors.ts";
import type { Timer } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { readExistingKey } from "#stores/folder/key-file.ts";

export type SignerPorts = {
  /** Asks the person who holds the key, or reads what they have prepared. */
  askPassphrase(prompt: string): Promise<Secret>;
  /** The program's environment: where an agent listens, and what a command is given. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timer: Timer;
  /** Shows the person what a command says to them: text without control characters but line ends. */
  show(text: string): void;
};

export type OpenedSigner = {
  readonly signer: TufSigner;
  readonly kind: HolderKind;
  close(): Promise<void>;
};

/** Throws RefusedError `key.unusable` for what is no key, or cannot be used as one. */
export async function openSigner(
  reference: SignerReference,
  _ports: SignerPorts,
): Promise<OpenedSigner> {
  if (reference.kind !== "file") {
    throw new RefusedError("key.unusable", `Cannot use a key of the kind ${reference.kind} yet`);
  }
  const signer = tufSigner(await readExistingKey(reference.path));
  return { signer, kind: "file", close: () => Promise.resolve() };
}
