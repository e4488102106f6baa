/** What a key remembers protects its holder from a forged `current` and from signing one version twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardOf,
  ceremonyNow,
  keyOf,
  published,
  signedBy,
  usualCurrent,
  usualFirst,
  usualNext,
} from "#world/ceremony-people.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { formatSigningNote, parseSigningNote } from "#formats/ceremony/signing-note.ts";
import type { SigningNote } from "#formats/ceremony/signing-note.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { openCeremony } from "./open-ceremony.ts";
import { proposeFirst, proposeNext } from "./propose.ts";
import { rolesOfKey } from "./signatures.ts";
import {
  checkNotOlder,
  checkNotSignedBefore,
  judgeRoot,
  oldestRoot,
  remember,
  rootFingerprint,
} from "./signing-memory.ts";
import type { HolderWord } from "./signing-memory.ts";

const { keyId } = keyOf("ada").key;

/** What ada's key remembers after it has signed this. */
function noteAfter(file: CeremonyFile, note?: SigningNote): SigningNote {
  const ceremony = openCeremony(file);
  return remember(ceremony, rolesOfKey(ceremony, keyId), keyId, note);
}

function judge(file: CeremonyFile, note?: SigningNote, word: HolderWord = {}): string {
  return judgeRoot(openCeremony(file), note, word);
}

const first = proposeFirst(usualFirst(), ceremonyNow);
const unknown = { code: "ceremony.unknown-root" };

/** Mallory's index: complete in itself, with keys that nobody here knows. */
async function forged(): Promise<CeremonyFile> {
  const usual = usualFirst();
  const mallory = { cards: [cardOf("mallory"), cardOf("ada"), cardOf("bob")], threshold: 2 };
  const file = proposeFirst(
    { ...usual, offline: { ...usual.offline, root: mallory } },
    ceremonyNow,
  );
  return proposeNext(
    published(await signedBy(file, "mallory", "ada", "bob")),
    [{ kind: "renew", role: "root" }],
    ceremonyNow,
  );
}

test("a key knows the root it has seen, the first one that it signed, and the next one that follows", async () => {
  assert.equal(judge(first), "first-ceremony");
  const note = noteAfter(first);
  const renewed = await usualNext({ kind: "renew", role: "root" });
  assert.equal(judge(renewed, note), "known", "the first root, which it has itself signed");
  const later = noteAfter(renewed, note);
  assert.equal(judge(renewed, later), "known", "the root it has seen");
  const second = published(await signedBy(renewed, "bob", "carol"));
  const third = proposeNext(second, [{ kind: "renew", role: "root" }], ceremonyNow);
  assert.equal(judge(third, later), "known", "the successor, which others have signed");
});

test("a key that has never signed says so", async () => {
  assert.equal(judge(await usualNext({ kind: "renew", role: "root" })), "unknown");
});

test("a forged root, an older one, and a lost one are refused, unless the holder was told its fingerprint", async () => {
  const file = await usualNext({ kind: "renew", role: "root" });
  const note = noteAfter(file);
  const forgery = await forged();
  assert.throws(() => judge(forgery, note), unknown);
  assert.throws(() => judge(forgery, noteAfter(first)), unknown);
  assert.throws(() => judge(first, note), unknown, "an index of which the key knows a root");
  const second = published(await signedBy(file, "ada", "bob"));
  const next = proposeNext(second, [{ kind: "renew", role: "root" }], ceremonyNow);
  const newer = noteAfter(next, note);
  assert.throws(() => judge(file, newer), unknown, "the root before the one it saw");
  const third = published(await signedBy(next, "ada", "bob"));
  const fourth = proposeNext(third, [{ kind: "renew", role: "root" }], ceremonyNow);
  assert.throws(() => judge(fourth, note), unknown, "a root in between was never seen");
  assert.ok(fourth.current && next.current && file.current && forgery.current);
  const [one, two] = [file.current.root, next.current.root];
  assert.equal(
    judge({ ...fourth, roots: [one, two] }, note),
    "known",
    "each follows from the last",
  );
  assert.equal(judge({ ...fourth, roots: [one, two] }, noteAfter(first)), "known");
  assert.equal(judge({ ...fourth, roots: [one, two] }, newer), "known");
  for (const roots of [[one], [forgery.current.root, one], [two, one], [one, two, one]]) {
    assert.throws(() => judge({ ...fourth, roots }, note), unknown, "a gap");
  }
  assert.throws(() => judge({ ...forgery, roots: [one, two] }, note), unknown);
  const wordOfFirst = { rootFingerprint: rootFingerprint(one) };
  assert.equal(judge({ ...fourth, roots: [one, two] }, undefined, wordOfFirst), "told");
  assert.throws(() => judge(fourth, undefined, wordOfFirst), unknown);
  assert.throws(() => judge({ ...fourth, roots: [one] }, undefined, wordOfFirst), unknown);
  assert.throws(() => judge({ ...forgery, roots: [one] }, undefined, wordOfFirst), unknown);
  const told = rootFingerprint(fourth.current.root);
  assert.equal(judge(fourth, note, { rootFingerprint: told }), "told");
  assert.equal(judge(fourth, undefined, { rootFingerprint: told }), "told");
  assert.throws(() => judge(forgery, undefined, { rootFingerprint: told }), unknown);
  assert.throws(() => judge(file, newer, { rootFingerprint: told }), unknown);
});

test("a ceremony names the oldest root it brings only where the one in force follows from it", async () => {
  const file = await usualNext({ kind: "renew", role: "root" });
  const second = published(await signedBy(file, "bob", "carol"));
  const next = proposeNext(second, [{ kind: "renew", role: "root" }], ceremonyNow);
  const forgery = await forged();
  assert.ok(file.current && next.current && forgery.current);
  const one = file.current.root;
  const named = (roots: readonly Uint8Array[]) => oldestRoot(openCeremony({ ...next, roots }));
  assert.deepEqual(named([one]), { version: 1, fingerprint: rootFingerprint(one) });
  for (const roots of [[], [forgery.current.root], [forgery.current.root, one]]) {
    assert.equal(named(roots), undefined);
  }
  assert.equal(oldestRoot(openCeremony({ ...forgery, roots: [one] })), undefined);
});

test("the fingerprint of an older root does not make a key forget what it has seen since", async () => {
  const file = await usualNext({ kind: "renew", role: "root" });
  const second = published(await signedBy(file, "ada", "bob"));
  const next = proposeNext(second, [{ kind: "renew", role: "root" }], ceremonyNow);
  assert.ok(file.current && next.current);
  const word = { rootFingerprint: rootFingerprint(file.current.root) };
  const note = noteAfter(next);
  const roots = [file.current.root];
  assert.equal(judge({ ...next, roots }, note, word), "told");
  assert.equal(judge(file, undefined, word), "told");
  assert.equal(
    judge(file, note, word),
    "told",
    "the holder says that it is in force, this very one",
  );
  const other = await usualNext({ kind: "threshold", role: "root", threshold: 3 });
  const fork = published(await signedBy(other, "ada", "bob", "carol"));
  const forged = proposeNext(fork, [{ kind: "renew", role: "root" }], ceremonyNow);
  assert.equal(judge({ ...forged, roots }, undefined, word), "told");
  assert.throws(() => judge({ ...forged, roots }, note, word), unknown, "another root 2");
  const third = published(await signedBy(next, "ada", "bob"));
  const later = noteAfter(proposeNext(third, [{ kind: "renew", role: "root" }], ceremonyNow));
  assert.throws(() => judge({ ...next, roots }, later, word), unknown, "a root before");
  const { root, signed, ...rest } = noteAfter(file);
  assert.ok(root !== undefined && signed.root !== undefined);
  assert.equal(judge({ ...next, roots }, { ...rest, signed: {} }, word), "told", "it saw no root");
});

test("one version is signed once; the same again is no second time", async () => {
  const refused = { code: "ceremony.signed-before" };
  const roles: readonly OfflineRole[] = ["root"];
  const file = await usualNext({ kind: "renew", role: "root" });
  const note = noteAfter(file);
  const other = openCeremony(await usualNext({ kind: "threshold", role: "root", threshold: 3 }));
  checkNotSignedBefore(openCeremony(file), roles, note, {});
  checkNotSignedBefore(other, roles, undefined, {});
  checkNotSignedBefore(other, ["targets"], note, {});
  assert.throws(() => checkNotSignedBefore(other, roles, note, {}), refused);
  const { sha256 = "" } = note.signed.root ?? {};
  checkNotSignedBefore(other, roles, note, { insteadOf: [`sha256:${sha256}`] });
  const wrong = { insteadOf: [`sha256:${"0".repeat(64)}`] };
  assert.throws(() => checkNotSignedBefore(other, roles, note, wrong), refused);
  const second = published(await signedBy(file, "ada", "bob"));
  const next = proposeNext(second, [{ kind: "renew", role: "root" }], ceremonyNow);
  checkNotSignedBefore(openCeremony(next), roles, note, {});
  assert.throws(
    () => checkNotSignedBefore(openCeremony(file), roles, noteAfter(next), {}),
    refused,
    "a version before the one signed last",
  );
  const { sha256: last = "" } = noteAfter(next).signed.root ?? {};
  const forgetting = { insteadOf: [`sha256:${last}`] };
  assert.throws(
    () => checkNotSignedBefore(other, roles, noteAfter(next, note), forgetting),
    refused,
    "who forgets the last version does not forget those before it",
  );
});

test("targets and claimed that are older than those seen before are refused", async () => {
  const refused = { code: "ceremony.current", message: /targets 1 is older than targets 2/ };
  const file = await usualNext({ kind: "renew", role: "targets" });
  const second = published(await signedBy(file, "ada"));
  const next = proposeNext(second, [{ kind: "renew", role: "targets" }], ceremonyNow);
  const note = noteAfter(next, noteAfter(file));
  assert.deepEqual(note.seen, { targets: 2, claimed: 1 });
  checkNotOlder(openCeremony(next), note);
  checkNotOlder(openCeremony(file), noteAfter(file));
  checkNotOlder(openCeremony(file), undefined);
  assert.throws(() => checkNotOlder(openCeremony(file), note), refused);
  assert.deepEqual(noteAfter(file, note).seen, note.seen, "what was seen is not forgotten");
});

test("a note remembers what it is told about, and is read back as it was written", async () => {
  const file = await usualNext({ kind: "renew", role: "targets" });
  const note = noteAfter(file, noteAfter(first));
  assert.deepEqual(
    [note.signed.root?.version, note.signed.targets?.version, note.signed.claimed],
    [1, 2, undefined],
  );
  assert.deepEqual(note.root, file.current?.root);
  for (const one of [note, noteAfter(first)]) {
    assert.deepEqual(parseSigningNote(formatSigningNote(one)), one);
  }
  const text = parseUtf8(formatSigningNote(note));
  for (const [from, to, code] of [
    ['"holdfast-signed":1', '"holdfast-signed":2', "ceremony.malformed"],
    ['"sha256":"', '"sha256":"x', "ceremony.malformed"],
    [text, text.slice(1), "json.syntax"],
    [text, " ".repeat(1_048_577), "json.size"],
  ] as const) {
    const bytes = formatUtf8(text.replace(from, to));
    assert.throws(() => parseSigningNote(bytes), { code });
  }
});

test("a note does not forget the root it saw when it signs a first ceremony's file again", async () => {
  const seen = noteAfter(await usualNext({ kind: "renew", role: "root" }));
  assert.deepEqual(noteAfter(first, seen).root, (await usualCurrent()).current?.root);
});
