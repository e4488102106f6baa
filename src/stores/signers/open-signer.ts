/**
 * A key where its holder keeps it, as something that signs (docs/spec/key-files.md). Wherever it is, its public key is
 * known before anything is signed.
 */
import type { SignerReference } from "#formats/ceremony/signer-reference.ts";
import type { HolderKind } from "#formats/tuf/holder.ts";
import { RefusedError } from "#core/errors.ts";
import type { Timer } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { openKeyFile } from "./key-files.ts";
import type { AskPassphrase } from "./key-files.ts";

export type SignerPorts = {
  /** Asks the person who holds the key, or reads what they have prepared. */
  readonly askPassphrase: AskPassphrase;
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

/** Throws RefusedError `key.*`, `key-file.*`; FormatError for an encrypted file that is none. */
export async function openSigner(
  reference: SignerReference,
  { askPassphrase }: SignerPorts,
): Promise<OpenedSigner> {
  if (reference.kind !== "file") {
    throw new RefusedError("key.unusable", `Cannot use a key of the kind ${reference.kind} yet`);
  }
  const { kind, signer } = await openKeyFile(reference.path, askPassphrase);
  return { signer: tufSigner(signer), kind, close: () => Promise.resolve() };
}
