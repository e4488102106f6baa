/**
 * A key where its holder keeps it, as something that signs (docs/spec/key-files.md). Wherever it is, its public key is
 * known before anything is signed.
 */
import type { Signer } from "#crypto/signer.ts";
import type { SignerReference } from "#formats/ceremony/signer-reference.ts";
import type { HolderKind } from "#formats/tuf/holder.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { openKeyFile } from "./key-files.ts";
import type { AskPassphrase } from "./key-files.ts";
import type { CommandPorts } from "./run-signer-command.ts";
import { openCommandSigner } from "./signer-command.ts";
import { openAgentSigner } from "./ssh-agent.ts";

/**
 * `env` is the program's environment: where an agent listens, and what a command is given. `show` is given what a
 * command says to the person, in lines that begin with its name.
 */
export type SignerPorts = CommandPorts & {
  /** Asks the person who holds the key, or reads what they have prepared. */
  readonly askPassphrase: AskPassphrase;
};

export type OpenedSigner = {
  readonly signer: TufSigner;
  readonly kind: HolderKind;
  close(): Promise<void>;
};

/**
 * Throws RefusedError `key.*`, `key-file.*`, `agent.*`, `command.*`; UnavailableError `agent.*`, `command.timeout`;
 * FormatError for an encrypted file or an agent's answer that is none. So does the signer when it signs.
 */
export async function openSigner(
  reference: SignerReference,
  ports: SignerPorts,
): Promise<OpenedSigner> {
  const { kind, signer } = await openByKind(reference, ports);
  // Nothing stays open between two signatures; whoever opens a signer does not have to know that.
  return { kind, signer: tufSigner(signer), close: () => Promise.resolve() };
}

type Opened = { readonly kind: HolderKind; readonly signer: Signer };

async function openByKind(reference: SignerReference, ports: SignerPorts): Promise<Opened> {
  switch (reference.kind) {
    case "file":
      return await openKeyFile(reference.path, ports.askPassphrase);
    case "ssh-agent":
      return { kind: "ssh-agent", signer: await openAgentSigner(reference.fingerprint, ports) };
    case "command":
      return { kind: "command", signer: await openCommandSigner(reference.command, ports) };
  }
}
