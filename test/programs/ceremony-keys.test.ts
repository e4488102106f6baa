/**
 * A first ceremony whose three root keys are all needed and live in three places: an encrypted file whose passphrase is
 * typed at a terminal, an SSH agent, and a PKCS#11 token.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publicKeyIdentity, verifySignature } from "#crypto/public-key.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import type { Run } from "#clients/program-run.ts";
import { findBasePython, machineEnvironment, projectRoot } from "#clients/tool-environment.ts";
import {
  agentPrograms,
  makeToken,
  missingPrograms,
  startAgent,
  tokenPrograms,
} from "./key-holders.ts";
import type { Environment, RealAgent, RealToken } from "./key-holders.ts";

const here = dirname(fileURLToPath(import.meta.url));
const ceremonyProgram = [join(projectRoot, "src/apps/ceremony/main.ts"), "ceremony"];
const python = await findBasePython();
const passphrase = "nine lives of a cat";
const skip = await missingPrograms({ ...agentPrograms, ...tokenPrograms });

describe("a ceremony with keys in three places", { skip }, () => {
  let folder = "";
  let agent: RealAgent;
  let token: RealToken;
  let env: Environment;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-keys-"));
    agent = await startAgent(folder, { ...machineEnvironment(), HOME: folder });
    await agent.makeKey("ed25519");
    await agent.add("ed25519");
    token = await makeToken(folder, agent.env, { "01": "EC:prime256v1" });
    env = { ...token.env, XDG_STATE_HOME: join(folder, "state") };
  });
  after(async () => {
    agent.stop();
    await rm(folder, { recursive: true });
  });

  const path = (name: string): string => join(folder, name);

  function run(...args: readonly string[]): Promise<Run> {
    const options = { env, cwd: folder, timeoutMs: 60_000 };
    return runProgram(process.execPath, [...ceremonyProgram, ...args], options);
  }

  async function well(...args: readonly string[]): Promise<string> {
    const { output, status } = await run(...args);
    assert.equal(status, 0, output);
    return output;
  }

  /** The screen of a person who types these answers. */
  async function typed(
    steps: readonly (readonly [question: string, answer: string])[],
    ...args: readonly string[]
  ): Promise<string> {
    const program = [process.execPath, ...ceremonyProgram, ...args];
    const typist = [join(here, "type_at_terminal.py"), JSON.stringify(steps), ...program];
    const options = { env, cwd: folder, timeoutMs: 90_000 };
    const { stdout } = await runToSuccess(python.path, typist, options);
    assert.ok(!stdout.includes(passphrase), stdout);
    return stdout;
  }

  test("makes a root that all three have signed", async () => {
    await typed(
      [
        ["New passphrase", `${passphrase}\r`],
        ["again", `${passphrase}\r`],
      ],
      ...["key", "Ada Lovelace", "--out", path("ada.key"), "--card", path("ada.card")],
    );
    await well("key", "Bob", "--key", "ssh-agent:", "--card", path("bob.card"));
    await well("key", "Carol", "--key", token.reference("01"), "--card", path("carol.card"));
    await well("online-keys", "--data", path("data"), "--out", path("online.cards"));
    const roots = ["ada", "bob", "carol"].flatMap((who) => ["--root", path(`${who}.card`)]);
    const others = ["--targets", path("bob.card"), "--claimed", path("carol.card")];
    const online = ["--online", path("online.cards"), "--out", path("first")];
    await well("create", ...roots, "--threshold", "root=3", ...others, ...online);

    const screen = await typed(
      [
        ["Passphrase of", `${passphrase}\r`],
        ["Sign this?", "yes\r"],
      ],
      ...["sign", path("first"), "--key", path("ada.key")],
    );
    assert.match(screen, /Ada Lovelace/);
    const early = await run("publish", path("first"), "--data", path("data"));
    assert.notEqual(early.status, 0);
    await well("sign", path("first"), "--key", "ssh-agent:", "--yes");
    await well("sign", path("first"), "--key", token.reference("01"), "--yes");
    await well("check", path("first"));
    await well("publish", path("first"), "--data", path("data"));

    const file = new Uint8Array(await readFile(path("data/public/tuf/1.root.json")));
    const signed = parseSigned(file, rootDecoder);
    const { keyIds, threshold } = signed.value.roles.root;
    assert.equal(threshold, 3);
    const signers = keyIds.map((keyId) => {
      const publicKey = signed.value.keys.get(keyId)?.publicKey;
      assert.ok(publicKey);
      const signature = signed.signatures.get(keyId) ?? new Uint8Array();
      assert.equal(verifySignature(publicKey, signed.canonical, signature), true);
      return publicKeyIdentity(publicKey);
    });
    assert.equal(new Set(signers).size, 3);
    const kinds = [...(signed.value.holders ?? [])].map(([, { kind, name }]) => [name, kind]);
    for (const holder of [
      ["Ada Lovelace", "encrypted-file"],
      ["Bob", "ssh-agent"],
      ["Carol", "command"],
    ]) {
      assert.ok(kinds.some(([name, kind]) => name === holder[0] && kind === holder[1]));
    }
  });

  test("signs nothing with a wrong passphrase, an empty agent, or a wrong PIN", async () => {
    const before = await readFile(path("first"));
    const wrong = [join(here, "type_at_terminal.py"), JSON.stringify([["Passphrase", "wrong\r"]])];
    const signing = ["sign", path("first"), "--yes", "--key"];
    const program = [process.execPath, ...ceremonyProgram, ...signing, path("ada.key")];
    const options = { env, cwd: folder, timeoutMs: 90_000 };
    const typedWrong = await runProgram(python.path, [...wrong, ...program], options);
    assert.equal(typedWrong.status, 73, typedWrong.output);
    assert.match(typedWrong.output, /\[key\.passphrase\]/);
    const unasked = await run(...signing, path("ada.key"));
    assert.equal(unasked.status, 73, unasked.output);
    assert.match(unasked.output, /\[key\.passphrase-missing\]/);
    await agent.removeAll();
    const empty = await run(...signing, "ssh-agent:");
    assert.deepEqual([empty.status, /\[(.*)\]/.exec(empty.stderr)?.[1]], [73, "agent.no-key"]);
    const wrongPin = path("wrong-pin");
    await writeFile(wrongPin, "000000\n", { mode: 0o600 });
    const pinned = token.reference("01").replace(/--pin-file \S+/, `--pin-file ${wrongPin}`);
    const locked = await run(...signing, pinned);
    assert.equal(locked.status, 73, locked.output);
    // Its long lines are shown broken.
    assert.match(locked.output.replaceAll(/\r?\n"pkcs11" \| /g, ""), /CKR_PIN_INCORRECT/);
    assert.match(locked.output, /\[command\.failed\]/);
    assert.deepEqual(await readFile(path("first")), before);
  });
});
