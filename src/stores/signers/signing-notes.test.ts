import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSigningNote, signingNotePath, writeSigningNote } from "./signing-notes.ts";

const keyId = "ab".repeat(32);

test("a note lies beside its key file, or in the person's state folder", () => {
  const file = { kind: "file", path: "/media/ada/ada.key" } as const;
  assert.equal(signingNotePath(file, keyId, {}), "/media/ada/ada.key.signed");
  const agent = { kind: "ssh-agent" } as const;
  const home = { HOME: "/home/ada" };
  const own = `/home/ada/.local/state/holdfast/signed/${keyId}.signed`;
  assert.equal(signingNotePath(agent, keyId, home), own);
  assert.equal(signingNotePath(agent, keyId, { ...home, XDG_STATE_HOME: "state" }), own);
  const command = { kind: "command", command: ["x"] } as const;
  assert.equal(
    signingNotePath(command, keyId, { ...home, XDG_STATE_HOME: "/state" }),
    `/state/holdfast/signed/${keyId}.signed`,
  );
});

test("a note is read back as it was written; none, another key's and a damaged one are told apart", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-note-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "deep", "key.signed");
  assert.equal(await readSigningNote(path, keyId), undefined);
  const note = { keyId, signed: { root: { version: 3, sha256: "cd".repeat(32) } } };
  await writeSigningNote(path, note);
  assert.deepEqual(await readSigningNote(path, keyId), note);
  assert.equal((await stat(path)).mode & 0o077, 0);
  await assert.rejects(readSigningNote(path, "ef".repeat(32)), { code: "ceremony.unknown-root" });
  await writeFile(path, "{}");
  await assert.rejects(readSigningNote(path, keyId), { code: "json.type" });
});
