/** Where the online keys lie. Their files are the signer's own: no other program changes them while it runs, but adds. */
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { KeyPlace, KeyRing } from "./key-ring.ts";

export type KeyStore = {
  /** All that can be used. Throws UnavailableError. */
  read(): Promise<KeyRing>;
  /**
   * Gives the key that lies at `from` the place `to`, and whatever lay there is gone. At any moment, a power cut
   * included, the key lies at one of both. Durable on return. Throws UnavailableError; then it may have happened or not.
   */
  move(name: OnlineKeyName, from: KeyPlace, to: KeyPlace): Promise<void>;
};
