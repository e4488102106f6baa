/**
 * The ring a publisher works with, and the tidying of its folder. Nothing that goes wrong with a file here may stop
 * publication while the keys in force are known: they stay in memory, and the operator is told.
 */
import { UnavailableError, invariant } from "#core/errors.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { isNamedAt, keyAt, namedKeys } from "./key-ring.ts";
import type { KeyRing, NamedKeys } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";
import type { Steps } from "./steps.ts";

export type KeyHolderPorts = {
  readonly keys: KeyStore;
  readonly steps: Steps;
  readonly notice?: (sentence: string) => void;
};

export class KeyHolder {
  readonly #ports: KeyHolderPorts;
  #ring: KeyRing | undefined;
  #told: readonly string[] = [];

  constructor(ports: KeyHolderPorts) {
    this.#ports = ports;
  }

  get ring(): KeyRing {
    invariant(this.#ring !== undefined, "a ring is read before it is used");
    return this.#ring;
  }

  /** Looks into the folder. `named`: the metadata in force, where it is known. Throws UnavailableError for the first time only. */
  async read(named?: NamedKeys): Promise<KeyRing> {
    try {
      const found = await this.#ports.keys.read();
      this.#tell(found.unusable);
      const lost = this.#lostKeys(found, named);
      if (lost.length === 0) this.#ring = found;
      else this.#tell([`Keys in force are gone from the key folder: ${lost.join(", ")}`]);
    } catch (error) {
      if (!(error instanceof UnavailableError) || this.#ring === undefined) throw error;
      this.#tell([error.message]);
    }
    return this.ring;
  }

  /**
   * After a rotation is public, the keys that metadata names get the plain names, and those before stay beside them.
   * Where this is not done, or half done, nothing is lost: it is tried again.
   */
  async settle(named: NamedKeys): Promise<void> {
    // A file that cannot be read now may hold anything.
    if (this.ring.unusable.length > 0) return;
    const unsettled = onlineKeyNames.filter((name) => isUnsettled(this.ring, name, named[name]));
    if (unsettled.length === 0) return;
    try {
      for (const name of unsettled) await this.#settleKey(name);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      this.#tell([error.message]);
    }
    await this.read(named);
  }

  async #settleKey(name: OnlineKeyName): Promise<void> {
    const { keys, steps } = this.#ports;
    if (keyAt(this.ring, name, "current") !== undefined) {
      await keys.move(name, "current", "retired");
      await steps.reached("keys.retired");
    }
    await keys.move(name, "next", "current");
    await steps.reached("keys.settled");
  }

  #lostKeys(found: KeyRing, named: NamedKeys | undefined): readonly OnlineKeyName[] {
    const before = this.#ring;
    if (before === undefined || named === undefined) return [];
    const holds = (ring: KeyRing, name: OnlineKeyName): boolean =>
      namedKeys(ring, name, named[name]).length > 0;
    return onlineKeyNames.filter((name) => holds(before, name) && !holds(found, name));
  }

  /** Once, as long as it stays so. */
  #tell(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (!this.#told.includes(sentence)) this.#ports.notice?.(sentence);
    }
    this.#told = sentences;
  }
}

/** Metadata names the key made ahead, and no other. */
function isUnsettled(ring: KeyRing, name: OnlineKeyName, keyIds: readonly string[]): boolean {
  const isNamed = (place: "current" | "next" | "retired"): boolean =>
    isNamedAt(ring, name, place, keyIds);
  return isNamed("next") && !isNamed("current") && !isNamed("retired");
}
