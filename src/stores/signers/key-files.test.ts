import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Secret } from "#crypto/secret.ts";
import { formatEd25519Pem } from "#crypto/signer.ts";
import { sealedKeyLimits } from "#formats/ceremony/sealed-key-file.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parsePassphrase } from "#core/keys/passphrase.ts";
import { makeSealedKeyFile, openKeyFile, resealKeyFile } from "./key-files.ts";
import type { SealPorts } from "./key-files.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-keys-"));
});
afterEach(() => rm(folder, { recursive: true }));

const old = "the old passphrase";
const young = "the young passphrase";
const seed = new Secret(new Uint8Array(32).fill(5));
let next = 0;

/** Answers with these, in this order. */
function answers(...texts: readonly string[]): (prompt: string) => Promise<Secret> {
  const left = texts.map((text) => parsePassphrase(formatUtf8(text)));
  return (prompt) => {
    const answer = left.shift();
    assert.ok(answer, `nobody expected to be asked "${prompt}"`);
    return Promise.resolve(answer);
  };
}

function sealing(asked: readonly string[], askedNew: readonly string[]): SealPorts {
  return {
    askPassphrase: answers(...asked),
    askNewPassphrase: answers(...askedNew),
    random: (size) => new Uint8Array(size).fill(++next),
    cost: { memoryKiB: sealedKeyLimits.memoryKiBMin, passes: 3, lanes: 4 },
  };
}

describe("key files", () => {
  test("are made, opened, and given a new passphrase in a new file", async () => {
    const path = join(folder, "root-1.key");
    const made = await makeSealedKeyFile(path, sealing([], [old, old]));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const opened = await openKeyFile(path, answers(old));
    assert.equal(opened.kind, "encrypted-file");
    assert.equal(opened.signer.publicKey.identity, made.publicKey.identity);
    const before = await readFile(path);
    const changed = join(folder, "root-1.new.key");
    await resealKeyFile(path, changed, sealing([old], [young, young]));
    assert.deepEqual(await readFile(path), before);
    const again = await openKeyFile(changed, answers(young));
    assert.equal(again.signer.publicKey.identity, made.publicKey.identity);
    await assert.rejects(openKeyFile(changed, answers(old)), { code: "key.passphrase" });
    assert.deepEqual(await readdir(folder), ["root-1.key", "root-1.new.key"]);
  });

  test("as PEM are opened without a question, and sealed", async () => {
    const path = join(folder, "root-1.pem");
    await writeFile(path, formatEd25519Pem(seed), { mode: 0o600 });
    const { kind, signer } = await openKeyFile(path, answers());
    assert.equal(kind, "file");
    const sealed = join(folder, "root-1.key");
    const inside = await resealKeyFile(path, sealed, sealing([], [young, young]));
    assert.equal(inside.publicKey.identity, signer.publicKey.identity);
    const text = await readFile(sealed, "utf8");
    assert.ok(!text.includes("PRIVATE"));
  });

  test("are never replaced", async () => {
    const path = join(folder, "root-1.key");
    await makeSealedKeyFile(path, sealing([], [old, old]));
    const before = await readFile(path);
    const exists = { code: "key-file.exists" };
    await assert.rejects(makeSealedKeyFile(path, sealing([], [])), exists, "before anybody types");
    await assert.rejects(resealKeyFile(path, path, sealing([old], [])), exists);
    await assert.rejects(writePrivateFile(path, before), exists, "nor by whoever came first");
    assert.deepEqual(await readFile(path), before);
    assert.deepEqual(await readdir(folder), ["root-1.key"]);
  });

  test("are not made with a short passphrase, or two different ones", async () => {
    const path = join(folder, "root-1.key");
    const weak = makeSealedKeyFile(path, sealing([], ["short"]));
    await assert.rejects(weak, { code: "key.passphrase-weak" });
    const differs = makeSealedKeyFile(path, sealing([], [old, young]));
    await assert.rejects(differs, { code: "key.passphrase-differs" });
    assert.deepEqual(await readdir(folder), []);
  });

  test("that other users can read, links, pipes, folders and large ones are refused", async () => {
    const path = join(folder, "root-1.pem");
    await writeFile(path, formatEd25519Pem(seed), { mode: 0o600 });
    const refusal = (at: string, message: RegExp): Promise<void> =>
      assert.rejects(openKeyFile(at, answers()), { code: "key.unusable", message });
    await chmod(path, 0o640);
    await refusal(path, /other users can read it: chmod 600/);
    await chmod(path, 0o600);
    await symlink(path, join(folder, "link"));
    await refusal(join(folder, "link"), /it is a link/);
    execFileSync("mkfifo", ["-m", "600", join(folder, "pipe")]);
    await refusal(join(folder, "pipe"), /it is not a file/);
    await refusal(folder, /it is not a file/);
    await refusal(join(folder, "missing"), /there is no such file/);
    await truncate(path, sealedKeyLimits.sizeMax + 1);
    await refusal(path, /larger than 65536 bytes/);
  });

  test("that hold no key are refused without repeating what they hold, and without a question", async () => {
    const path = join(folder, "root-1.pem");
    await writeFile(path, "hunter2", { mode: 0o600 });
    await assert.rejects(openKeyFile(path, answers()), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(error.message, /hunter2/);
      return "code" in error && error.code === "key.unusable";
    });
    await writeFile(path, '{"holdfast-key-file":1}', { mode: 0o600 });
    await assert.rejects(openKeyFile(path, answers()), { code: "json.type" });
  });

  test("readPrivateFile() reads what is there, and an empty file too", async () => {
    const path = join(folder, "passphrase");
    await writeFile(path, "", { mode: 0o600 });
    assert.equal((await readPrivateFile(path, 10)).byteLength, 0);
    await writeFile(path, "0123456789");
    assert.equal(Buffer.from(await readPrivateFile(path, 10)).toString(), "0123456789");
  });
});
