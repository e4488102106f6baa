/** What a ceremony can be asked to change. */
import type { Instant } from "#formats/bytes/instant.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { NamedOnlineRole } from "#formats/ceremony/online-cards.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";

/** The signer raises its own roles in other ways: it changes their keys. */
export type FlooredRole = "claimed" | "targets";

export type CeremonyEdit =
  /** The same content, the next version, a new expiry. */
  | { readonly kind: "renew"; readonly role: OfflineRole }
  | { readonly kind: "add-key"; readonly role: OfflineRole; readonly card: KeyCard }
  | { readonly kind: "remove-key"; readonly role: OfflineRole; readonly keyId: string }
  | { readonly kind: "threshold"; readonly role: OfflineRole; readonly threshold: number }
  /** The new key instead of all the role has. */
  | { readonly kind: "online-key"; readonly name: NamedOnlineRole; readonly card: KeyCard }
  /** Root's `x-floor`: no version of the role below this one is accepted any more. */
  | { readonly kind: "floor"; readonly role: FlooredRole; readonly version: number }
  | { readonly kind: "expires"; readonly role: OfflineRole; readonly expires: Instant };
