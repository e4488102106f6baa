/** The repository's side: what its files say, read back by the client's own decoders (specification 6). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "#world/sim-clock.ts";
import { actor } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { formatEnvelope, parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import { timestamp as timestampDecoder } from "#formats/tuf/timestamp.ts";
import { nextMetadata, signRole, tufSigner } from "./editor.ts";
import type { Signing } from "./editor.ts";
import { signFirstRoot, signFirstTargets, signNextOffline, signersFor } from "./offline-roles.ts";
import { formatBin, signBin, signTimestamp, signUnclaimed } from "./online-roles.ts";
import { checkThreshold } from "./threshold.ts";

const alice = tufSigner(actor("alice"));
const bob = tufSigner(actor("bob"));
const carol = tufSigner(actor("carol"));
const now = new Date("2026-01-01T00:00:00.250Z");
const signing: Signing = { version: 1, now, lifetimeMs: DAY, signers: [alice] };
const sha256 = "ab".repeat(32);

const rootKeys = {
  root: [alice.publicKey, bob.publicKey],
  rootThreshold: 2,
  targets: carol.publicKey,
  timestamp: actor("timestamp").publicKey,
  snapshot: actor("snapshot").publicKey,
};
const delegated = {
  deny: actor("deny").publicKey,
  claimed: actor("claimed").publicKey,
  "recently-claimed": actor("recently-claimed").publicKey,
  unclaimed: actor("unclaimed").publicKey,
};

test("a file lives no shorter than it should, in whole seconds", () => {
  assert.equal(nextMetadata(signing).expires.text, "2026-01-02T00:00:01Z");
});

test("a file is what was signed, also where it holds line ends", async () => {
  const metadata = nextMetadata(signing);
  for (const note of ["plain", "two\nlines", "a\ttab", "\u0001"]) {
    const tree: JsonObject = new Map([["x-note", note]]);
    const { bytes, sha256: hash } = await signRole("deny", metadata, tree, signing);
    const { tree: read } = parseSigned(bytes, (value) => value);
    assert.deepEqual(read, tree);
    assert.equal(hash, sha256Hex(bytes));
  }
});

test("the first root is consistent and has its threshold", async () => {
  const { bytes } = await signFirstRoot(rootKeys, { ...signing, signers: [alice, bob] });
  const signed = parseSigned(bytes, rootDecoder);
  const { consistentSnapshot, keys, roles } = signed.value;
  assert.equal(consistentSnapshot, true);
  assert.deepEqual(roles.root, { keyIds: [alice.key.keyId, bob.key.keyId], threshold: 2 });
  checkThreshold("root", signed, { ...roles.root, keys });
});

test("targets delegates each path to who may speak for it, and no delegation ends the search", async () => {
  const { bytes } = await signFirstTargets(delegated, signing);
  const { delegations, targets } = parseSigned(bytes, targetsDecoder).value;
  assert.equal(targets.size, 0);
  const pages = ["simple/*/index.json"];
  const roles = delegations?.roles?.map((role) => [role.name, role.paths, role.terminating]);
  assert.deepEqual(roles, [
    ["deny", ["deny.json"], false],
    ["claimed", pages, false],
    ["recently-claimed", pages, false],
    ["unclaimed", pages, false],
  ]);
  const keyIds = Object.values(delegated).map((publicKey) => {
    return tufSigner({ publicKey, sign: alice.sign }).key.keyId;
  });
  assert.deepEqual(
    delegations?.roles?.map((role) => role.keyIds),
    keyIds.map((keyId) => [keyId]),
  );
});

test("the next file keeps all members but version and expiry", async () => {
  const { tree } = parseSigned((await signFirstRoot(rootKeys, signing)).bytes, rootDecoder);
  assert.ok(isJsonObject(tree));
  const noted: JsonObject = new Map([...tree, ["x-note", "kept"]]);
  const current = formatEnvelope(noted, new Map());
  const next = await signNextOffline("root", current, {
    ...signing,
    version: 2,
    lifetimeMs: 2 * DAY,
  });
  const read = parseSigned(next.bytes, rootDecoder).tree;
  const expected = new Map([...noted, ["version", 2], ["expires", "2026-01-03T00:00:01Z"]]);
  assert.deepEqual(read, expected);
});

test("only a role's own keys sign it", async () => {
  const root = (await signFirstRoot(rootKeys, signing)).bytes;
  const targets = (await signFirstTargets(delegated, signing)).bytes;
  const claimed = tufSigner(actor("claimed"));
  const held = [claimed, carol, bob, alice];
  const current = { root, targets };
  assert.deepEqual(signersFor("root", current, held), { signers: [bob, alice], threshold: 2 });
  assert.deepEqual(signersFor("targets", current, held), { signers: [carol], threshold: 1 });
  assert.deepEqual(signersFor("claimed", current, held), { signers: [claimed], threshold: 1 });
});

test("timestamp lists the snapshot's length and hash", async () => {
  const { bytes } = await signTimestamp({ version: 7, length: 9, sha256 }, signing);
  const { snapshot } = parseSigned(bytes, timestampDecoder).value;
  assert.deepEqual(snapshot, { version: 7, length: 9, hashes: new Map([["sha256", sha256]]) });
});

test("a bin lists the length and hash of each page", async () => {
  const page = { project: normaliseProjectName("Demo"), sha256, size: 12, serial: 1 };
  const { file, signatures } = await signBin("bin-0", [page], signing);
  const { targets } = parseSigned(file.bytes, targetsDecoder).value;
  const listed = { length: 12, hashes: new Map([["sha256", sha256]]) };
  assert.deepEqual(targets, new Map([["simple/demo/index.json", listed]]));
  assert.deepEqual(formatBin(file, [page], signatures), file.bytes, "made again");
});

test("unclaimed delegates to all bins and lists nothing", async () => {
  const { bytes } = await signUnclaimed(signing, { key: bob.key, bitLength: 14 });
  const { delegations, targets } = parseSigned(bytes, targetsDecoder).value;
  assert.equal(targets.size, 0);
  const bins = { keyIds: [bob.key.keyId], threshold: 1, bitLength: 14, namePrefix: "bin" };
  assert.deepEqual(delegations?.succinct, bins);
});
