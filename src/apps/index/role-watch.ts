/**
 * What the signer says of its roles and keys, for the page about trust and for the metrics: asked for at most every few
 * seconds, however many look.
 */
import type { Clock } from "#core/ports.ts";
import type { SignerDoor } from "#core/releases/signer-door.ts";
import type { SignerStatus } from "#formats/door/signer-status.ts";
import { indexLimits } from "./limits.ts";

export type RoleWatchPorts = {
  readonly clock: Clock;
  readonly door: Pick<SignerDoor, "readStatus">;
  readonly logTrouble: (message: string, error?: unknown) => void;
};

export class RoleWatch {
  readonly #ports: RoleWatchPorts;
  #askedAt: Date | undefined;
  #answer: Promise<SignerStatus | undefined> = Promise.resolve(undefined);

  constructor(ports: RoleWatchPorts) {
    this.#ports = ports;
  }

  /** undefined: the signer does not answer. */
  async read(): Promise<SignerStatus | undefined> {
    const now = this.#ports.clock();
    const ageMs = this.#askedAt === undefined ? -1 : now.getTime() - this.#askedAt.getTime();
    if (ageMs < 0 || ageMs >= indexLimits.signerStatusMs) {
      this.#askedAt = now;
      this.#answer = this.#ask();
    }
    return await this.#answer;
  }

  async #ask(): Promise<SignerStatus | undefined> {
    try {
      return await this.#ports.door.readStatus();
    } catch (error) {
      this.#ports.logTrouble("Cannot ask the signer for its roles", error);
      return undefined;
    }
  }
}
