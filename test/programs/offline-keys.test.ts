/** Offline keys where people keep them, opened as a ceremony opens them. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseSignerReference } from "#formats/ceremony/signer-reference.ts";
import { openSigner } from "#stores/signers/open-signer.ts";
import type { OpenedSigner } from "#stores/signers/open-signer.ts";
import { systemTimer } from "#stores/host/timer.ts";
import { machineEnvironment } from "#clients/tool-environment.ts";
import {
  agentPrograms,
  makeToken,
  missingPrograms,
  startAgent,
  tokenPrograms,
} from "./key-holders.ts";
import type { Environment, RealAgent, RealToken } from "./key-holders.ts";

const message = formatUtf8("a message");
let folder = "";
let shown = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-offline-"));
});
after(() => rm(folder, { recursive: true }));

function open(env: Environment, reference: string): Promise<OpenedSigner> {
  return openSigner(parseSignerReference(reference), {
    askPassphrase: () => assert.fail("nothing here has a passphrase"),
    env,
    timer: systemTimer,
    show: (text) => void (shown += text),
  });
}

/** The scheme of the key, once it has signed. */
async function signWith(env: Environment, reference: string): Promise<string> {
  const { close, kind, signer } = await open(env, reference);
  assert.equal(`${kind}:`, reference.slice(0, kind.length + 1));
  const signature = await signer.sign(message);
  assert.equal(verifySignature(signer.publicKey, message, signature), true);
  await close();
  return signer.publicKey.scheme;
}

describe("keys in an SSH agent", { skip: await missingPrograms(agentPrograms) }, () => {
  let agent: RealAgent;
  const references = new Map<string, string>();
  const named = (type: string): string => references.get(type) ?? "";

  before(async () => {
    agent = await startAgent(folder, machineEnvironment());
    for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
      references.set(type, `ssh-agent:${await agent.makeKey(type)}`);
    }
  });
  after(() => agent.stop());

  test("sign: the only one that can, or the one that is named", async () => {
    const { env } = agent;
    await assert.rejects(open(env, "ssh-agent:"), { code: "agent.no-key" });
    await agent.add("rsa");
    const reason = /PKCS#1 v1\.5/;
    await assert.rejects(open(env, "ssh-agent:"), { code: "agent.no-key", message: reason });
    await assert.rejects(open(env, named("rsa")), { code: "agent.key-type", message: reason });
    await agent.add("ed25519");
    assert.equal(await signWith(env, "ssh-agent:"), "ed25519");
    await agent.add("ecdsa");
    await assert.rejects(open(env, "ssh-agent:"), { code: "agent.no-key", message: /several/ });
    assert.equal(await signWith(env, named("ed25519")), "ed25519");
    // Each signature has other numbers, of one length or another.
    for (let round = 0; round < 20; round++) {
      assert.equal(await signWith(env, named("ecdsa")), "ecdsa-sha2-nistp256");
    }
  });

  test("sign messages as large as agents take, and no larger ones", async () => {
    const { signer } = await open(agent.env, named("ed25519"));
    const large = new Uint8Array(261_000).fill(7);
    const signature = await signer.sign(large);
    assert.equal(verifySignature(signer.publicKey, large, signature), true);
    await assert.rejects(signer.sign(new Uint8Array(262_144)), { code: "agent.too-large" });
  });

  test("that are taken out, or that nobody confirms, do not sign", async () => {
    const { signer } = await open(agent.env, named("ed25519"));
    await agent.removeAll();
    await assert.rejects(signer.sign(message), { code: "agent.refused" });
    await agent.add("ed25519", "-c");
    const asking = await open(agent.env, "ssh-agent:");
    await assert.rejects(asking.signer.sign(message), { code: "agent.refused" });
  });
});

describe("keys in a PKCS#11 token", { skip: await missingPrograms(tokenPrograms) }, () => {
  let token: RealToken;

  before(async () => {
    const keys = { "01": "EC:prime256v1", "02": "EC:edwards25519", "03": "rsa:2048" };
    token = await makeToken(folder, machineEnvironment(), keys);
  });

  test("sign with P-256, ed25519 and RSA-PSS", async () => {
    const sign = (id: string): Promise<string> => signWith(token.env, token.reference(id));
    assert.equal(await sign("01"), "ecdsa-sha2-nistp256");
    assert.equal(await sign("02"), "ed25519");
    assert.equal(await sign("03"), "rsassa-pss-sha256");
  });

  test("that are not there, or whose PIN is wrong, do not; the token's words are shown", async () => {
    await assert.rejects(open(token.env, token.reference("09")), { code: "command.failed" });
    const wrongPin = join(folder, "wrong-pin");
    await writeFile(wrongPin, "000000\n", { mode: 0o600 });
    const reference = token.reference("01").replace(/--pin-file \S+/, `--pin-file ${wrongPin}`);
    const { signer } = await open(token.env, reference);
    shown = "";
    await assert.rejects(signer.sign(message), { code: "command.failed" });
    // A long line of the program is shown in several.
    assert.match(shown.replaceAll('\n"pkcs11" | ', ""), /CKR_PIN_INCORRECT/);
  });
});
