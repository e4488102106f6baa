/** Nothing is signed unseen: whatever differs from what is in force stands somewhere in the description. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bent,
  cardOf,
  ceremonyNow,
  keyOf,
  usualCurrent,
  usualFirst,
  usualNext,
} from "#world/ceremony-people.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { isJsonArray, isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { describeChanges } from "./describe-changes.ts";
import type { CeremonyDescription } from "./describe-changes.ts";
import { openCeremony } from "./open-ceremony.ts";
import { proposeFirst } from "./propose.ts";

const describe = (file: CeremonyFile): CeremonyDescription => describeChanges(openCeremony(file));
const id = (name: string): string => keyOf(name).key.keyId;

function changedKeys({ roles }: CeremonyDescription): readonly string[] {
  return roles.flatMap(({ keys, role }) =>
    keys
      .filter(({ change }) => change !== "same")
      .map(({ change, holder }) => `${role}: ${change} ${holder?.name ?? "unknown"}`),
  );
}

test("a first ceremony shows every key as added, and nothing unusual", () => {
  const description = describe(proposeFirst(usualFirst(), ceremonyNow));
  assert.deepEqual(description.currentRoot, undefined);
  assert.deepEqual(changedKeys(description).slice(0, 5), [
    "root: added ada",
    "root: added bob",
    "root: added carol",
    "targets: added ada",
    "claimed: added bob",
  ]);
  assert.equal(changedKeys(description).length, 10);
  assert.deepEqual(description.others, []);
  assert.deepEqual(
    description.files.map(({ changes, role, version, versionBefore }) => [
      role,
      changes,
      version,
      versionBefore,
    ]),
    [
      ["root", true, 1, undefined],
      ["targets", true, 1, undefined],
      ["claimed", true, 1, undefined],
    ],
  );
});

test("what does not change is shown as it is", async () => {
  const description = describe(await usualCurrent());
  assert.deepEqual(changedKeys(description), []);
  assert.deepEqual(description.others, []);
  assert.deepEqual(description.demands, []);
  assert.equal(
    description.files.some(({ changes }) => changes),
    false,
  );
  assert.equal(description.currentRoot?.version, 1);
});

test("keys, thresholds, expiry and floors are shown before and after", async () => {
  const description = describe(
    await usualNext(
      { kind: "add-key", role: "root", card: cardOf("mallory") },
      { kind: "remove-key", role: "root", keyId: id("carol") },
      { kind: "threshold", role: "root", threshold: 3 },
      { kind: "online-key", name: "snapshot", card: cardOf("fresh", "online") },
      { kind: "floor", role: "targets", version: 1 },
    ),
  );
  assert.deepEqual(changedKeys(description), [
    "root: added mallory",
    "root: removed carol",
    "snapshot: added fresh",
    "snapshot: removed snapshot",
  ]);
  const root = description.roles.find(({ role }) => role === "root");
  assert.deepEqual([root?.thresholdBefore, root?.threshold], [2, 3]);
  assert.deepEqual(description.floors, [{ role: "targets", floor: 1, floorBefore: undefined }]);
  assert.deepEqual(description.others, []);
  const demand = description.demands[0];
  assert.deepEqual(demand?.missing, [id("ada"), id("bob"), id("mallory")]);
});

test("a holder's new name is a change", async () => {
  const file = bent(await usualNext({ kind: "renew", role: "root" }), "root", (tree) => {
    const holders = tree.get("x-holders") ?? null;
    assert.ok(isJsonObject(holders));
    const mallory = jsonObject({ name: "mallory", kind: "file" });
    return tree.set("x-holders", new Map([...holders, [id("bob"), mallory]]));
  });
  const description = describe(file);
  assert.deepEqual(changedKeys(description), ["root: other-holder mallory"]);
  const bob = description.roles[0]?.keys.find(({ keyId }) => keyId === id("bob"));
  assert.deepEqual(bob?.holderBefore, { name: "bob", kind: "encrypted-file" });
});

test("a holder that is said of a key which leaves, or in a kind that nobody knows, is shown as it is", async () => {
  const renamed = async (who: string, kind: string): Promise<readonly string[]> => {
    const file = await usualNext(
      { kind: "add-key", role: "root", card: cardOf("dora") },
      { kind: "remove-key", role: "root", keyId: id("carol") },
    );
    const changed = bent(file, "root", (tree) => {
      const holders = tree.get("x-holders") ?? null;
      assert.ok(isJsonObject(holders));
      return tree.set(
        "x-holders",
        new Map([...holders, [id(who), jsonObject({ name: "x", kind })]]),
      );
    });
    return describe(changed).others.map(({ after, path }) => `${path.join(".")}: ${after}`);
  };
  for (const [who, kind] of [
    ["carol", "file"],
    ["carol", "token"],
    ["bob", "token"],
  ] as const) {
    assert.deepEqual(
      await renamed(who, kind),
      [`x-holders: {"${id(who)}":{"kind":"${kind}","name":"x"}}`],
      `${who}, ${kind}`,
    );
  }
});

test("every other member that comes, goes or changes is shown", async () => {
  const file = await usualNext(
    { kind: "renew", role: "root" },
    { kind: "renew", role: "targets" },
    { kind: "renew", role: "claimed" },
  );
  const othersOf = (
    role: "claimed" | "root" | "targets",
    change: (tree: Map<string, Json>) => Map<string, Json>,
  ): readonly string[] =>
    describe(bent(file, role, change)).others.map(
      ({ after, before, file: where, path }) =>
        `${where} ${path.join(".")}: ${before ?? "-"} → ${after ?? "-"}`,
    );
  assert.deepEqual(describe(file).others, []);
  assert.deepEqual(
    othersOf("root", (tree) => tree.set("x-note", "hi").set("consistent_snapshot", false)),
    ["root consistent_snapshot: true → false", 'root x-note: - → "hi"'],
  );
  const mirrors = jsonObject({ keyids: [], threshold: 1, url: "x" });
  assert.deepEqual(
    othersOf("root", (tree) => {
      const roles = tree.get("roles") ?? null;
      assert.ok(isJsonObject(roles));
      return tree.set("roles", new Map([...roles, ["mirrors", mirrors]]));
    }),
    ['root roles.mirrors: - → {"keyids":[],"threshold":1,"url":"x"}'],
  );
  const stranger = jsonObject({ name: "nobody", kind: "file" });
  assert.deepEqual(
    othersOf("claimed", (tree) => tree.set("x-holders", jsonObject({ ff: stranger }))),
    ['claimed x-holders: - → {"ff":{"kind":"file","name":"nobody"}}'],
  );
  const [held = ""] = othersOf("root", (tree) => {
    const holders = tree.get("x-holders") ?? null;
    assert.ok(isJsonObject(holders));
    const ada = jsonObject({ name: "ada", kind: "encrypted-file", note: "also root" });
    return tree.set("x-holders", new Map([...holders, [id("ada"), ada], ["ff", stranger]]));
  });
  assert.match(held, /^root x-holders: - → .*"ff":/);
  assert.match(held, /"note":"also root"/);
  const target = jsonObject({ length: 1, hashes: jsonObject({ sha256: "00" }) });
  assert.deepEqual(
    othersOf("targets", (tree) => tree.set("targets", jsonObject({ x: target }))),
    ['targets targets.x: - → {"hashes":{"sha256":"00"},"length":1}'],
  );
  assert.deepEqual(
    othersOf("targets", (tree) => {
      const delegations = tree.get("delegations") ?? null;
      assert.ok(isJsonObject(delegations));
      const roles = delegations.get("roles") ?? null;
      assert.ok(isJsonArray(roles));
      return tree.set("delegations", new Map([...delegations, ["roles", roles.toReversed()]]));
    }).length,
    1,
    "the order of delegations",
  );
});
