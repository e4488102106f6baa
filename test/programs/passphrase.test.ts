/** A passphrase at a real terminal: what stands on the screen while and after it is typed. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { runToSuccess } from "#clients/program-run.ts";
import { findBasePython, machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const here = dirname(fileURLToPath(import.meta.url));
const python = await findBasePython();

/** The screen of a program that asks twice, with these answers. */
async function typeAnswers(...answers: readonly string[]): Promise<string> {
  const questions = ["Passphrase: ", "The same again: "];
  const steps = answers.map((answer, at) => [questions[at], answer]);
  const program = [process.execPath, join(here, "asking-passphrase.ts")];
  const options = { env: machineEnvironment(), cwd: projectRoot, timeoutMs: 90_000 };
  const typist = [join(here, "type_at_terminal.py"), JSON.stringify(steps), ...program];
  return (await runToSuccess(python.path, typist, options)).stdout.replaceAll("\r\n", "\n");
}

describe("a passphrase at a real terminal", () => {
  test("is not shown, and the terminal shows again what is typed after it", async () => {
    const hash = sha256Hex(formatUtf8("correct horse"));
    const screen = await typeAnswers("correct horse\r", "Correct\u0015correct horses\u007f\r");
    assert.equal(
      screen,
      `Passphrase: \nhash ${hash}\nThe same again: \nhash ${hash}\n\nechoes True\n`,
    );
  });

  test("pasted twice at once is not shown either", async () => {
    const screen = await typeAnswers("correct horse\rcorrect horse\r");
    assert.doesNotMatch(screen, /correct|horse/);
    assert.equal([...screen.matchAll(/hash/g)].length, 2);
    assert.match(screen, /echoes True/);
  });

  test("given up with Ctrl-C leaves the terminal as it was", async () => {
    const screen = await typeAnswers("correct\u0003");
    assert.equal(screen, "Passphrase: \nkey.passphrase-missing\n\nechoes True\n");
  });
});
