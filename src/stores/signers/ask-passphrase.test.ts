/** A terminal that is none; test/programs/passphrase.test.ts uses a real one. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import type { Secret } from "#crypto/secret.ts";
import type { Terminal } from "#stores/host/hidden-input.ts";
import { passphraseAsker } from "./ask-passphrase.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-asking-"));
});
after(() => rm(folder, { recursive: true }));

type FakeTerminal = {
  readonly terminal: Terminal;
  readonly type: (bytes: string | Uint8Array) => void;
  readonly output: () => string;
  /** What the mode was, in order. */
  readonly modes: readonly boolean[];
};

function fakeTerminal(isTTY = true): FakeTerminal {
  const stream = new PassThrough();
  const modes: boolean[] = [];
  let written = "";
  const input = Object.assign(stream, {
    isTTY,
    setRawMode: (mode: boolean) => {
      modes.push(mode);
      return input;
    },
  });
  const write = (text: string): boolean => {
    written += text;
    return true;
  };
  return {
    terminal: { input, output: { isTTY, write } },
    type: (bytes) => void stream.write(bytes),
    output: () => written,
    modes,
  };
}

function textOf(secret: Secret): string {
  return Buffer.from(secret.reveal()).toString();
}

describe("a passphrase at a terminal", () => {
  test("is read without being shown, and the terminal is as before", async () => {
    const { modes, output, terminal, type } = fakeTerminal();
    const asked = passphraseAsker(terminal)("Passphrase of x: ");
    type("correct ");
    type("horse\r");
    assert.equal(textOf(await asked), "correct horse");
    assert.deepEqual(modes, [true, false]);
    assert.equal(output(), "Passphrase of x: \n");
  });

  test("can be corrected while it is typed", async () => {
    for (const [keys, line] of [
      ["ab\u007fc\r", "ac"],
      ["ab\bc\n", "ac"],
      ["aë\u007fc\r", "ac"],
      ["a李\u007f\u007fc\r", "c"],
      ["\u007fa\r", "a"],
      ["wrong\u0015right\r", "right"],
      ["a\u0004b\r", undefined],
    ] as const) {
      const { terminal, type } = fakeTerminal();
      const asked = passphraseAsker(terminal)("? ");
      type(keys);
      if (line === undefined) await assert.rejects(asked, { code: "key.passphrase" });
      else assert.equal(textOf(await asked), line);
    }
  });

  test("typed ahead answers the next question", async () => {
    const { modes, terminal, type } = fakeTerminal();
    const ask = passphraseAsker(terminal);
    const first = ask("? ");
    type("one\rtwo\r");
    assert.equal(textOf(await first), "one");
    assert.equal(textOf(await ask("again? ")), "two");
    assert.deepEqual(modes, [true, false, true, false]);
  });

  test("that is not given is an end, and the terminal is as before", async () => {
    for (const key of ["\u0003", "\u0004", "secret\u0003"]) {
      const { modes, output, terminal, type } = fakeTerminal();
      const asked = passphraseAsker(terminal)("? ");
      type(key);
      await assert.rejects(asked, { code: "key.passphrase-missing", message: /not typed/ });
      assert.deepEqual(modes, [true, false]);
      assert.equal(output(), "? \n");
    }
  });

  test("that can be none is refused without repeating it", async () => {
    for (const keys of ["\r", "hunter2\u001b[A\r", `${"hunter2".repeat(999)}\r`]) {
      const { terminal, type } = fakeTerminal();
      const asked = passphraseAsker(terminal)("? ");
      type(keys);
      await assert.rejects(asked, (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error);
        assert.equal(error.code, "key.passphrase");
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    }
  });

  test("needs one: where nobody can be asked, the message says what to do", async () => {
    const { modes, output, terminal, type } = fakeTerminal(false);
    type("from a pipe\rfrom a pipe\r");
    await assert.rejects(passphraseAsker(terminal)("? "), {
      code: "key.passphrase-missing",
      message: /name a file that holds it with --passphrase-file/,
    });
    await assert.rejects(passphraseAsker(terminal, { option: "--new-passphrase-file" })("? "), {
      message: /with --new-passphrase-file/,
    });
    assert.deepEqual([modes, output()], [[], ""]);
  });
});

describe("a passphrase in a file", () => {
  test("is its first line", async () => {
    const { output, terminal } = fakeTerminal();
    const file = join(folder, "passphrase");
    for (const text of ["correct horse", "correct horse\n", "correct horse\r\nnote\n"]) {
      await writeFile(file, text, { mode: 0o600 });
      assert.equal(textOf(await passphraseAsker(terminal, { file })("? ")), "correct horse", text);
    }
    assert.equal(output(), "");
  });

  test("must be for its owner alone, and not empty", async () => {
    const { terminal } = fakeTerminal();
    const file = join(folder, "open");
    await writeFile(file, "correct horse", { mode: 0o644 });
    const ask = passphraseAsker(terminal, { file });
    await assert.rejects(ask("? "), { code: "key.unusable", message: /chmod 600/ });
    const empty = join(folder, "empty");
    await writeFile(empty, "\nsecond\n", { mode: 0o600 });
    const asking = passphraseAsker(terminal, { file: empty })("? ");
    await assert.rejects(asking, { code: "key.passphrase" });
  });
});
