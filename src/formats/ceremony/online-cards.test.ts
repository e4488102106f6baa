import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf } from "#world/ceremony-people.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatOnlineCards, onlineCardsSizeMax, parseOnlineCards } from "./online-cards.ts";
import type { OnlineCards } from "./online-cards.ts";

test("what formatOnlineCards() writes is read back", () => {
  const timestamp = cardOf("online timestamp", "online", "timestamp");
  const deny = cardOf("online deny", "online", "deny");
  for (const cards of [{}, { timestamp }, { timestamp, deny }] satisfies OnlineCards[]) {
    const bytes = formatOnlineCards(cards);
    const read = parseOnlineCards(bytes);
    assert.deepEqual(new Set(Object.keys(read)), new Set(Object.keys(cards)));
    assert.deepEqual(formatOnlineCards(read), bytes);
  }
});

test("parseOnlineCards() refuses other roles, other versions, and what is no card", () => {
  const text = parseUtf8(formatOnlineCards({ deny: cardOf("online deny", "online", "deny") }));
  const faults: readonly (readonly [string, string, string])[] = [
    ['"deny":{', '"bins":{', "ceremony.malformed"],
    ['"deny":{', '"root":{', "ceremony.malformed"],
    ['"holdfast-online-keys":1', '"holdfast-online-keys":2', "ceremony.malformed"],
    ['"kind":"online"', '"kind":"borrowed"', "tuf.holder"],
    ['"scheme":"ed25519"', '"scheme":"rot13"', "key-card.key"],
    [text, " ".repeat(onlineCardsSizeMax + 1), "json.size"],
  ];
  for (const [from, to, code] of faults) {
    assert.ok(text.includes(from), from);
    assert.throws(() => parseOnlineCards(formatUtf8(text.replace(from, to))), { code });
  }
});
