import type { TufSigner } from "#core/tuf/editor.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";

/** All the keys a signer holds: one for each role it signs, and none that claims or roots rest on. */
export type OnlineKeys = Readonly<Record<OnlineKeyName, TufSigner>>;
