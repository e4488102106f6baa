import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCommandWords } from "./command-words.ts";
import { parseSignerReference } from "./signer-reference.ts";

const fingerprint = `SHA256:${"aB3/+".repeat(9).slice(0, 43)}`;

describe("parseSignerReference()", () => {
  test("reads the three kinds", () => {
    assert.deepEqual(parseSignerReference("keys/root-1.pem"), {
      kind: "file",
      path: "keys/root-1.pem",
    });
    assert.deepEqual(parseSignerReference("./ssh-agent:x"), {
      kind: "file",
      path: "./ssh-agent:x",
    });
    assert.deepEqual(parseSignerReference("ssh-agent:"), { kind: "ssh-agent" });
    assert.deepEqual(parseSignerReference(`ssh-agent:${fingerprint}`), {
      kind: "ssh-agent",
      fingerprint,
    });
    assert.deepEqual(parseSignerReference("command:my-signer --slot 1"), {
      kind: "command",
      command: ["my-signer", "--slot", "1"],
    });
  });

  test("refuses what means nothing", () => {
    const texts = ["", "a\0b", "ssh-agent:root", `ssh-agent:${fingerprint}=`, "ssh-agent:SHA256:"];
    for (const text of [...texts, "command:", "command: "]) {
      assert.throws(() => parseSignerReference(text), { code: "options.invalid" }, text);
    }
  });
});

describe("parseCommandWords()", () => {
  test("splits at blanks, and keeps what is quoted as it is", () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["sign", ["sign"]],
      ["  sign \t --slot  1 ", ["sign", "--slot", "1"]],
      [`sign 'two words' "it's"`, ["sign", "two words", "it's"]],
      [`sign --label='a b'"c d"e`, ["sign", "--label=a bc de"]],
      [`sign '' ""`, ["sign", "", ""]],
      [
        String.raw`sign \n $HOME ~ * ; rm | x > y #`,
        [...["sign", String.raw`\n`, "$HOME", "~", "*", ";", "rm", "|", "x", ">", "y", "#"]],
      ],
      [String.raw`sign '\' x`, ["sign", "\\", "x"]],
      ["'/opt/my signer/sign'", ["/opt/my signer/sign"]],
    ];
    for (const [text, words] of cases) assert.deepEqual(parseCommandWords(text), words, text);
  });

  test("refuses open quotes, control characters, no program, and great length", () => {
    for (const text of ["sign 'a", 'sign "a', `sign "a'`, "sign\na", "sign\0", "", " ", "'' x"]) {
      assert.throws(
        () => parseCommandWords(text),
        { code: "options.invalid" },
        JSON.stringify(text),
      );
    }
    assert.equal(parseCommandWords("x".repeat(4096)).length, 1);
    assert.throws(() => parseCommandWords("x".repeat(4097)), { code: "options.invalid" });
  });
});
