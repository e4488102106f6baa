/**
 * The ring a publisher works with, and the tidying of its folder. Nothing that goes wrong with a file here may stop
 * publication while the keys in force are known: they stay in memory, and the operator is told.
 */
import { UnavailableError, invariant } from "#core/errors.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { isNamedAt, keyAt, namedKeys } from "./key-ring.ts";
import type { HeldKey, KeyRing, NamedKeys } from "./key-ring.ts";
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
      const lost = this.#lostKeys(found, named);
      this.#ring = { ...found, keys: [...found.keys, ...lost] };
      this.#tell([...found.unusable, ...lost.map(lostKeySentence)]);
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

  /** Keys in force that are gone from the folder. */
  #lostKeys(found: KeyRing, named: NamedKeys | undefined): readonly HeldKey[] {
    if (named === undefined) return [];
    const isKept = ({ name }: HeldKey): boolean => namedKeys(found, name, named[name]).length > 0;
    return (this.#ring?.keys ?? []).filter(
      (key) => named[key.name].includes(key.signer.key.keyId) && !isKept(key),
    );
  }

  /** Once, as long as it stays so. */
  #tell(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (!this.#told.includes(sentence)) this.#ports.notice?.(sentence);
    }
    this.#told = sentences;
  }
}

function lostKeySentence({ name, signer }: HeldKey): string {
  return `The key of ${name} that is in force, ${signer.key.keyId}, is gone from the key folder; without it this signer cannot be started again`;
}

/** Metadata names the key made ahead, and no other. */
function isUnsettled(ring: KeyRing, name: OnlineKeyName, keyIds: readonly string[]): boolean {
  const isNamed = (place: "current" | "next" | "retired"): boolean =>
    isNamedAt(ring, name, place, keyIds);
  return isNamed("next") && !isNamed("current") && !isNamed("retired");
}
