/** What every command of `holdfast ceremony` works with: the world comes in here, so that tests bring their own. */
import { parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import type { Clock, Random } from "#core/ports.ts";
import { readTravellingFile } from "#stores/folder/travelling-file.ts";
import type { AskLine } from "#stores/host/ask-line.ts";
import type { SignerPorts } from "#stores/signers/open-signer.ts";
import type { CeremonyDoor } from "./ceremony-door.ts";
import type { Output } from "./output.ts";

export type CeremonyWorld = {
  readonly clock: Clock;
  readonly random: Random;
  /** What keys are opened with; a passphrase comes from the named file, or from the terminal. */
  readonly signerPorts: (passphraseFile: string | undefined) => SignerPorts;
  /** undefined: nobody is there to be asked. */
  readonly ask: AskLine | undefined;
  readonly openDoor: (socketPath: string) => CeremonyDoor;
  readonly output: Output;
  readonly endWith: (exitCode: number) => void;
};

export async function readCeremony(path: string): Promise<CeremonyFile> {
  return parseCeremonyFile(await readTravellingFile(path, ceremonyLimits.fileSizeMax));
}
