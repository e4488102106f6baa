/**
 * New online keys beside those in use. A key that was made ahead before the break-in lay in the same folder, so it is
 * as stolen as the others: it is put with the retired ones, and never comes into force.
 */
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import { KeyHolder } from "#core/publication/key-holder.ts";
import { heldKeys, keyAt } from "#core/publication/key-ring.ts";
import { namedByState } from "#core/publication/working-state.ts";
import type { WorkingState } from "#core/publication/working-state.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { makeNextOnlineKeys } from "#stores/folder/online-keys.ts";
import type { RecoveryWorld } from "./recovery-world.ts";

export type NextKeys = {
  readonly cards: ReadonlyMap<OnlineKeyName, KeyCard>;
  /** Key ids of all that lay there for these roles. */
  readonly stolen: readonly string[];
};

/** `made`: key ids that an earlier run of the same plan made. Throws RefusedError `key.*`. */
export async function makeNextKeys(
  world: RecoveryWorld,
  state: WorkingState,
  names: readonly OnlineKeyName[],
  made: ReadonlyMap<string, string>,
): Promise<NextKeys> {
  const holder = new KeyHolder(world.ports);
  const named = namedByState(state);
  await holder.read(named);
  await holder.settle(named);
  const stolen: string[] = [];
  for (const name of names) {
    const next = keyAt(holder.ring, name, "next")?.key.keyId;
    const isOurs = next !== undefined && next === made.get(name);
    for (const { key } of heldKeys(holder.ring, name)) {
      if (!isOurs || key.keyId !== next) stolen.push(key.keyId);
    }
    if (next !== undefined && !isOurs) await world.keys.move(name, "next", "retired");
  }
  const keys = await makeNextOnlineKeys(world.data.onlineKeys, names, world.random);
  const cards = new Map<OnlineKeyName, KeyCard>();
  for (const name of names) {
    const publicKey = keys[name];
    if (publicKey === undefined) continue;
    cards.set(name, { name: `signer, ${name}`, kind: "online", key: tufKeyOf(publicKey) });
  }
  return { cards, stolen };
}
