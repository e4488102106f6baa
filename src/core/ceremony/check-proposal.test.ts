/** What a tired person would regret: each refused with its code, beside an honest ceremony that is not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bent,
  cardOf,
  ceremonyNow,
  keyOf,
  published,
  refusalCodes,
  signedBy,
  usualFirst,
  usualNext,
} from "#world/ceremony-people.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { addMilliseconds, formatInstant, parseInstant } from "#formats/bytes/instant.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { parseTufKey } from "#formats/tuf/key.ts";
import type { CeremonyEdit, FlooredRole } from "./edit.ts";
import { checkProposal } from "./check-proposal.ts";
import { openCeremony } from "./open-ceremony.ts";
import { proposeFirst, proposeNext } from "./propose.ts";
import type { FirstProposal } from "./propose.ts";
import { missingSignatures, wrongSignatures } from "./signatures.ts";

const day = 86_400_000;
const id = (name: string): string => keyOf(name).key.keyId;
const first = (change: Partial<FirstProposal["offline"]> = {}): CeremonyFile => {
  const usual = usualFirst();
  return proposeFirst({ ...usual, offline: { ...usual.offline, ...change } }, ceremonyNow);
};
const codesOf = async (...edits: readonly CeremonyEdit[]): Promise<readonly string[]> =>
  refusalCodes(await usualNext(...edits));
const renewRoot: CeremonyEdit = { kind: "renew", role: "root" };

test("an honest first ceremony, and honest changes, are refused for nothing", async () => {
  assert.deepEqual(refusalCodes(first()), []);
  assert.deepEqual(await codesOf(renewRoot, { kind: "renew", role: "claimed" }), []);
  const dave = cardOf("dave");
  assert.deepEqual(await codesOf({ kind: "add-key", role: "root", card: dave }), []);
  const replaced: readonly CeremonyEdit[] = [
    { kind: "add-key", role: "root", card: dave },
    { kind: "remove-key", role: "root", keyId: id("carol") },
  ];
  assert.deepEqual(await codesOf(...replaced), []);
});

describe("ceremony.version", () => {
  const withVersion = async (
    role: "root" | "targets",
    version: number,
    due: number = version,
  ): Promise<readonly string[]> => {
    const file = await usualNext({ kind: "renew", role });
    const changed = bent(file, role, (tree) => new Map([...tree, ["version", version]]));
    return refusalCodes({ ...changed, nextVersions: { ...file.nextVersions, [role]: due } });
  };

  test("root may not leave a gap, whatever version is said to be due", async () => {
    assert.deepEqual(await withVersion("root", 3), ["ceremony.version"]);
    assert.deepEqual(await withVersion("root", 2), []);
  });
  test("no version may stay or go back", async () => {
    assert.deepEqual(await withVersion("targets", 1), ["ceremony.version"]);
  });
  test("a version may only jump to the one that is due", async () => {
    assert.deepEqual(await withVersion("targets", 3, 2), ["ceremony.version"]);
    assert.deepEqual(await withVersion("targets", ceremonyNow.getTime()), []);
  });
  test("no version jumps so far that none would be left", async () => {
    const last = Number.MAX_SAFE_INTEGER;
    assert.deepEqual(await withVersion("targets", last), ["ceremony.version"]);
  });
  test("the first versions are 1", () => {
    const file = bent(first(), "claimed", (tree) => new Map([...tree, ["version", 2]]));
    const nextVersions = { ...file.nextVersions, claimed: 2 };
    assert.deepEqual(refusalCodes({ ...file, nextVersions }), ["ceremony.version"]);
  });
});

describe("ceremony.expiry", () => {
  const until = (date: Date): Promise<readonly string[]> =>
    codesOf({ kind: "expires", role: "targets", expires: parseInstant(formatInstant(date)) });

  test("nothing may have expired, and what expires now has", async () => {
    assert.deepEqual(await until(ceremonyNow), ["ceremony.expiry"]);
    assert.deepEqual(await until(addMilliseconds(ceremonyNow, 1_000)), []);
  });
  test("nothing may live longer than the policy says, but for a day that clocks may differ", async () => {
    assert.deepEqual(await until(addMilliseconds(ceremonyNow, 366 * day)), []);
    assert.deepEqual(await until(addMilliseconds(ceremonyNow, 366 * day + 1_000)), [
      "ceremony.expiry",
    ]);
  });
});

describe("ceremony.threshold", () => {
  test("no threshold may be above the number of keys", async () => {
    const code = ["ceremony.threshold"];
    assert.deepEqual(await codesOf({ kind: "threshold", role: "root", threshold: 4 }), code);
    assert.deepEqual(await codesOf({ kind: "threshold", role: "claimed", threshold: 2 }), code);
    assert.deepEqual(await codesOf({ kind: "threshold", role: "root", threshold: 3 }), []);
  });
  test("no threshold may be below the policy's least", async () => {
    assert.deepEqual(await codesOf({ kind: "threshold", role: "root", threshold: 1 }), [
      "ceremony.threshold",
    ]);
  });
  test("an online role has the threshold that the signer can meet", async () => {
    const file = bent(await usualNext(renewRoot), "root", (tree) => {
      const two = [id("online snapshot"), id("online timestamp")];
      const keys = withMember(tree, ["roles", "snapshot", "keyids"], two);
      return withMember(keys, ["roles", "snapshot", "threshold"], 2);
    });
    assert.ok(refusalCodes(file).includes("ceremony.threshold"));
  });
});

describe("ceremony.key-twice", () => {
  test("one key under two ids is one key", async () => {
    const { tree } = keyOf("ada").key;
    const twin = new Map([...(tree as JsonObject), ["x-copy", 1 as Json]]);
    const { keyId } = parseTufKey(twin);
    const file = bent(await usualNext(renewRoot), "root", (root) => {
      const keys = withMember(root, ["keys", keyId], twin);
      return withMember(keys, ["roles", "root", "keyids"], [id("ada"), keyId, id("bob")]);
    });
    assert.ok(refusalCodes(file).includes("ceremony.key-twice"));
  });
  test("two online roles have two keys", async () => {
    const card = cardOf("online snapshot", "online", "timestamp");
    assert.deepEqual(await codesOf({ kind: "online-key", name: "timestamp", card }), [
      "ceremony.key-twice",
    ]);
  });
});

describe("ceremony.key-place", () => {
  test("a card of the signer's is no offline key", async () => {
    const card = cardOf("fresh", "online");
    assert.deepEqual(await codesOf({ kind: "add-key", role: "root", card }), [
      "ceremony.key-place",
    ]);
  });
  test("a person's card is no online key", async () => {
    const card = cardOf("fresh", "encrypted-file");
    assert.deepEqual(await codesOf({ kind: "online-key", name: "deny", card }), [
      "ceremony.key-place",
    ]);
  });
  test("a key of the signer's is no offline key, whatever its card says, not even when it leaves", async () => {
    const card = cardOf("online timestamp", "file", "dave");
    const add: CeremonyEdit = { kind: "add-key", role: "root", card };
    const [, sentence] = checkProposal(await usualNext(add), ceremonyNow);
    assert.match(sentence?.message ?? "", /root is signed offline and timestamp by the signer/);
    const rotated = cardOf("online timestamp 2", "online", "timestamp");
    const rotate: CeremonyEdit = { kind: "online-key", name: "timestamp", card: rotated };
    assert.ok((await codesOf(rotate, add)).includes("ceremony.key-place"));
  });
  test("a person's key is no online key, whatever its card says, not even when they leave", async () => {
    const card = cardOf("carol", "online", "deny");
    const use: CeremonyEdit = { kind: "online-key", name: "deny", card };
    assert.ok((await codesOf(use)).includes("ceremony.key-place"));
    const leave: CeremonyEdit = { kind: "remove-key", role: "root", keyId: id("carol") };
    assert.ok((await codesOf(use, leave)).includes("ceremony.key-place"));
  });
});

test("a key that is online and offline can leave one of both", async () => {
  const usual = usualFirst();
  const shared = cardOf("ada", "online", "timestamp");
  const first = proposeFirst(
    { ...usual, online: { ...usual.online, timestamp: shared } },
    ceremonyNow,
  );
  const signed = await signedBy(first, "ada", "bob");
  const { claimed, root, targets } = signed.next;
  assert.ok(claimed && root && targets);
  const current = {
    ...signed,
    current: { root, targets, claimed },
    nextVersions: { root: 2, targets: 2, claimed: 2 },
  };
  const renewed = proposeNext(current, [renewRoot], ceremonyNow);
  assert.ok(refusalCodes(renewed).includes("ceremony.key-place"));
  const edits: CeremonyEdit[] = [
    { kind: "add-key", role: "root", card: cardOf("dave") },
    { kind: "remove-key", role: "root", keyId: id("ada") },
    { kind: "add-key", role: "targets", card: cardOf("erin") },
    { kind: "remove-key", role: "targets", keyId: id("ada") },
  ];
  assert.deepEqual(refusalCodes(proposeNext(current, edits, ceremonyNow)), []);
});

describe("ceremony.holder", () => {
  test("one person does not count twice towards a threshold, however the name is spelled", async () => {
    for (const name of ["ada", "Ada", " ada", "ａｄａ"]) {
      const card = cardOf("spare", "file", name);
      assert.deepEqual(await codesOf({ kind: "add-key", role: "root", card }), ["ceremony.holder"]);
    }
  });
  test("where one signature is enough, a person may have a spare key", async () => {
    const card = cardOf("spare", "file", "bob");
    assert.deepEqual(await codesOf({ kind: "add-key", role: "claimed", card }), []);
  });
});

test("ceremony.key-unusable: nobody could verify with a key of an unknown scheme", async () => {
  const key = jsonObject({ keytype: "x", scheme: "y", keyval: jsonObject({ public: "z" }) });
  const { keyId } = parseTufKey(key);
  const file = bent(await usualNext(renewRoot), "root", (root) => {
    const keys = withMember(root, ["keys", keyId], key);
    const ids = [id("ada"), id("bob"), id("carol"), keyId];
    return withMember(keys, ["roles", "root", "keyids"], ids);
  });
  assert.deepEqual(refusalCodes(file), ["ceremony.key-unusable"]);
});

test("ceremony.root-stuck: as many of root's keys stay as must sign, so that those who go decide nothing", async () => {
  const go = (...names: readonly string[]): CeremonyEdit[] =>
    names.map((name) => ({ kind: "remove-key", role: "root", keyId: id(name) }));
  const come = (...names: readonly string[]): CeremonyEdit[] =>
    names.map((name) => ({ kind: "add-key", role: "root", card: cardOf(name) }));
  assert.deepEqual(await codesOf(...come("dave", "erin"), ...go("ada", "bob")), [
    "ceremony.root-stuck",
  ]);
  assert.deepEqual(await codesOf(...come("dave", "erin"), ...go("bob")), []);
});

describe("ceremony.shape", () => {
  const shapeOf = async (
    role: "root" | "targets",
    ...change: Parameters<typeof withMember> extends [unknown, ...infer Rest] ? Rest : never
  ): Promise<readonly string[]> => {
    const file = await usualNext({ kind: "renew", role });
    return refusalCodes(bent(file, role, (tree) => withMember(tree, ...change)));
  };

  test("snapshots stay consistent", async () => {
    assert.deepEqual(await shapeOf("root", ["consistent_snapshot"], false), ["ceremony.shape"]);
  });
  test("targets lists no targets", async () => {
    const file = jsonObject({ length: 1, hashes: jsonObject({ sha256: "00" }) });
    assert.deepEqual(await shapeOf("targets", ["targets", "x"], file), ["ceremony.shape"]);
  });
  test("targets delegates to the same roles in the same order, each for its paths", async () => {
    const file = await usualNext({ kind: "renew", role: "targets" });
    const roles = openCeremony(file).after.targets.value.delegations?.roles ?? [];
    const written = roles.map(({ keyIds, name, paths, terminating, threshold }) =>
      jsonObject({ keyids: [...keyIds], name, paths: [...(paths ?? [])], terminating, threshold }),
    );
    const changed = (list: readonly Json[]): readonly string[] =>
      refusalCodes(
        bent(file, "targets", (tree) => withMember(tree, ["delegations", "roles"], list)),
      );
    assert.deepEqual(changed(written), []);
    const [deny, claimed, recent, unclaimed] = written;
    assert.ok(deny && claimed && recent && unclaimed);
    assert.deepEqual(changed([deny, unclaimed, recent, claimed]), ["ceremony.shape"]);
    assert.ok(changed([deny, claimed, recent]).includes("ceremony.shape"));
    const two = new Map([...deny, ["name", "deny claimed"]]);
    assert.ok(changed([two, recent, unclaimed]).includes("ceremony.shape"));
    assert.deepEqual(
      changed([deny, new Map([...claimed, ["terminating", true]]), recent, unclaimed]),
      ["ceremony.shape"],
    );
    assert.deepEqual(changed([deny, new Map([...claimed, ["paths", ["*"]]]), recent, unclaimed]), [
      "ceremony.shape",
    ]);
  });
  test("no key is listed that no role uses", async () => {
    const { key } = keyOf("mallory");
    assert.deepEqual(await shapeOf("root", ["keys", key.keyId], key.tree), ["ceremony.shape"]);
    assert.deepEqual(await shapeOf("targets", ["delegations", "keys", key.keyId], key.tree), [
      "ceremony.shape",
    ]);
  });
});

describe("ceremony.floor", () => {
  const floor = (role: FlooredRole, version: number): CeremonyEdit => {
    return { kind: "floor", role, version };
  };

  test("a floor does not fall, nor go away", async () => {
    const file = await usualNext({ kind: "renew", role: "targets" }, floor("targets", 2));
    const later = published(await signedBy(file, "ada", "bob"));
    const next = (version: number): CeremonyFile =>
      proposeNext(later, [floor("targets", version)], ceremonyNow);
    assert.deepEqual(refusalCodes(next(2)), []);
    assert.deepEqual(refusalCodes(next(1)), ["ceremony.floor"]);
    const gone = bent(next(2), "root", (tree) => {
      tree.delete("x-floor");
      return tree;
    });
    assert.deepEqual(refusalCodes(gone), ["ceremony.floor"]);
  });
  test("a floor is not above what will be published", async () => {
    assert.deepEqual(await codesOf(floor("targets", 2)), ["ceremony.floor"]);
    assert.deepEqual(await codesOf(floor("targets", 2), { kind: "renew", role: "targets" }), []);
  });
  test("only targets and claimed have a floor", async () => {
    for (const role of ["root", "timestamp", "snapshot", "deny", "bin-0"]) {
      const file = bent(await usualNext(renewRoot), "root", (tree) =>
        withMember(tree, ["x-floor", role], 1),
      );
      assert.deepEqual(refusalCodes(file), ["ceremony.floor"], role);
    }
  });
});

test("ceremony.incomplete: what would not verify any more is signed anew in the same ceremony", async () => {
  const file = await usualNext(
    { kind: "add-key", role: "targets", card: cardOf("dave") },
    { kind: "remove-key", role: "targets", keyId: id("ada") },
  );
  assert.deepEqual(refusalCodes(file), []);
  const { root } = file.next;
  assert.ok(root);
  assert.deepEqual(refusalCodes({ ...file, next: { root } }), ["ceremony.incomplete"]);
});

test("ceremony.current: what is said to be in force verifies in itself", async () => {
  const file = await usualNext({ kind: "renew", role: "claimed" });
  assert.ok(file.current);
  const unsigned = first().next;
  for (const role of ["root", "targets", "claimed"] as const) {
    const bytes = unsigned[role];
    assert.ok(bytes);
    const forged = { ...file, current: { ...file.current, [role]: bytes } };
    assert.ok(refusalCodes(forged).includes("ceremony.current"), role);
  }
});

describe("ceremony.signature", () => {
  test("what was changed after a key had signed is refused, and that key is named", async () => {
    const signed = await signedBy(await usualNext(renewRoot), "ada");
    assert.deepEqual(refusalCodes(signed), []);
    const swapped = bent(signed, "root", (tree) =>
      withMember(tree, ["roles", "root", "threshold"], 3),
    );
    assert.deepEqual(refusalCodes(swapped), ["ceremony.signature"]);
    assert.deepEqual(wrongSignatures(openCeremony(swapped), "root"), [id("ada")]);
  });
  test("a signature of a key that does not count is refused", async () => {
    const file = await usualNext({ kind: "renew", role: "claimed" });
    const mallory = await signedBy(
      first({ claimed: { cards: [cardOf("mallory")], threshold: 1 } }),
      "mallory",
    );
    const { claimed } = mallory.next;
    assert.ok(claimed);
    const slipped = {
      ...file,
      next: { claimed },
      nextVersions: { ...file.nextVersions, claimed: 1 },
    };
    assert.ok(refusalCodes(slipped).includes("ceremony.signature"));
  });
});

test("replacing a lost targets key takes two ceremonies, and the lost key signs in neither", async () => {
  const added = await usualNext({ kind: "add-key", role: "targets", card: cardOf("dave") });
  const afterFirst = await signedBy(added, "bob", "carol");
  assert.deepEqual(missingSignatures(openCeremony(afterFirst)), []);
  const inForce = openCeremony(afterFirst).after;
  const removed = proposeNext(
    {
      ...added,
      current: {
        root: inForce.root.bytes,
        targets: inForce.targets.bytes,
        claimed: inForce.claimed.bytes,
      },
      nextVersions: { root: 3, targets: 2, claimed: 2 },
    },
    [{ kind: "remove-key", role: "targets", keyId: id("ada") }],
    ceremonyNow,
  );
  const afterSecond = await signedBy(removed, "bob", "carol", "dave");
  assert.deepEqual(refusalCodes(afterSecond), []);
  assert.deepEqual(missingSignatures(openCeremony(afterSecond)), []);
});

function withMember(tree: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [name = "", ...rest] = path;
  const member = tree.get(name) as JsonObject | undefined;
  return new Map([
    ...tree,
    [name, rest.length === 0 ? value : withMember(member ?? new Map(), rest, value)],
  ]);
}
