import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { parsePassphrase } from "#core/keys/passphrase.ts";
import { makeKeyFile } from "#stores/folder/key-file.ts";
import { openKeyFile } from "#stores/signers/key-files.ts";
import { readSigningNote, writeSigningNote } from "#stores/signers/signing-notes.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { runCeremony } from "./program.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-passphrase-"));
});
after(() => rm(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);
const passphrases = new Map(
  ["old", "young"].map((age) => [age, parsePassphrase(formatUtf8(`the ${age} passphrase`))]),
);
const random = createSeededRandom(3);

/** The file of a passphrase is its name here. */
async function run(...args: readonly string[]): Promise<{ status: number; said: string }> {
  let said = "";
  const say = (text: string): void => void (said += text);
  const status = await runCeremony(
    ["passphrase", ...args],
    {
      clock: createSimClock("2026-11-21T10:00:00Z").now,
      random: random.bytes,
      signerPorts: (file = "") => ({
        askPassphrase: () => Promise.resolve(passphrases.get(file) ?? assert.fail(file)),
        env: {},
        timer: () => () => undefined,
        show: () => undefined,
      }),
      ask: undefined,
      openDoor: () => assert.fail("no signer is asked"),
    },
    { out: say, err: say },
  );
  return { status, said };
}

test("a new passphrase goes into a new file, with the note of what the key has signed", async () => {
  const signer = await makeKeyFile(path("ada.pem"), random.bytes);
  const { keyId } = tufKeyOf(signer.publicKey);
  const note = { keyId, signed: { root: { version: 4, sha256: "ab".repeat(32) } } };
  await writeSigningNote(path("ada.pem.signed"), note);
  const pem = await readFile(path("ada.pem"));

  const sealed = await run(path("ada.pem"), "--out", path("1"), "--new-passphrase-file", "old");
  assert.equal(sealed.status, 0, sealed.said);
  assert.match(sealed.said, new RegExp(`sha256:${keyId} \\(as before\\)`));
  assert.match(sealed.said, /ada\.pem still opens as it did/);
  const young = ["--passphrase-file", "old", "--new-passphrase-file", "young"];
  const changed = await run(path("1"), "--out", path("2"), ...young);
  assert.equal(changed.status, 0, changed.said);

  const ask = (age: string) => () =>
    Promise.resolve(passphrases.get(age) ?? assert.fail("no such passphrase"));
  for (const [name, age] of [
    ["1", "old"],
    ["2", "young"],
  ] as const) {
    const opened = await openKeyFile(path(name), ask(age));
    assert.equal(opened.signer.publicKey.identity, signer.publicKey.identity);
    assert.deepEqual(await readSigningNote(path(`${name}.signed`), keyId), note);
  }
  await assert.rejects(openKeyFile(path("2"), ask("old")), { code: "key.passphrase" });
  assert.deepEqual(await readFile(path("ada.pem")), pem);
});

test("a wrong passphrase, or a file that is there, changes nothing", async () => {
  await makeKeyFile(path("bob.pem"), random.bytes);
  await run(path("bob.pem"), "--out", path("bob.key"), "--new-passphrase-file", "old");
  const young = ["--new-passphrase-file", "young"];
  const wrong = await run(
    path("bob.key"),
    "--out",
    path("3"),
    "--passphrase-file",
    "young",
    ...young,
  );
  assert.match(wrong.said, /\[key\.passphrase\]/);
  assert.equal(wrong.status, 73);
  assert.equal(existsSync(path("3")), false);
  await writeFile(path("other"), "other");
  const there = await run(path("bob.pem"), "--out", path("other"), ...young);
  assert.match(there.said, /\[key-file\.exists\]/);
  assert.equal(there.status, 73);
  assert.equal(await readFile(path("other"), "utf8"), "other");
});
