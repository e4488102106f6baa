/** Offline keys where people keep them, with the real things: OpenSSH's agent, and a PKCS#11 token in software. */
import assert from "node:assert/strict";
import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseSignerReference } from "#formats/ceremony/signer-reference.ts";
import { openSigner } from "#stores/signers/open-signer.ts";
import type { OpenedSigner } from "#stores/signers/open-signer.ts";
import { systemTimer } from "#stores/host/timer.ts";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const message = formatUtf8("a message");
let folder = "";
let env: Record<string, string> = {};
let shown = "";

/** Why these tests cannot run; with CI set that is a failure. Packages are Debian's. */
async function missing(packages: Readonly<Record<string, string>>): Promise<string | false> {
  const options = { env: machineEnvironment(), cwd: projectRoot, timeoutMs: 60_000 };
  for (const [program, name] of Object.entries(packages)) {
    const probe = await runProgram("sh", ["-c", `command -v ${program}`], options);
    if (probe.status === 0) continue;
    assert.equal(process.env["CI"] ?? "", "", `${program} (${name}) is required where CI is set`);
    return `SKIPPED: ${program} is not there; install ${name}`;
  }
  return false;
}

function run(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return runToSuccess(program, args, { env, cwd: folder, timeoutMs: 60_000 });
}

function open(reference: string): Promise<OpenedSigner> {
  return openSigner(parseSignerReference(reference), {
    askPassphrase: () => assert.fail("nothing here has a passphrase"),
    env,
    timer: systemTimer,
    show: (text) => void (shown += text),
  });
}

/** The scheme of the key, once it has signed. */
async function signWith(reference: string): Promise<string> {
  const { close, kind, signer } = await open(reference);
  assert.equal(`${kind}:`, reference.slice(0, kind.length + 1));
  const signature = await signer.sign(message);
  assert.equal(verifySignature(signer.publicKey, message, signature), true);
  await close();
  return signer.publicKey.scheme;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-offline-"));
  env = machineEnvironment();
});
after(() => rm(folder, { recursive: true }));

const noAgent = await missing({ "ssh-agent": "openssh-client" });

describe("keys in an SSH agent", { skip: noAgent }, () => {
  let agentPid = 0;
  const fingerprints = new Map<string, string>();

  before(async () => {
    const socket = join(folder, "agent");
    const { stdout } = await run("ssh-agent", "-a", socket);
    agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
    assert.ok(agentPid > 1);
    env = { ...env, SSH_AUTH_SOCK: socket };
    for (const [type, bits] of [
      ["ed25519", "256"],
      ["ecdsa", "256"],
      ["rsa", "2048"],
    ] as const) {
      const path = join(folder, `id_${type}`);
      await run("ssh-keygen", ...["-q", "-t", type, "-b", bits, "-N", "", "-C", type, "-f", path]);
      const { stdout: listed } = await run("ssh-keygen", "-l", "-f", path);
      fingerprints.set(type, /SHA256:\S+/.exec(listed)?.[0] ?? "");
    }
  });
  after(() => {
    process.kill(agentPid, "SIGTERM");
  });

  const add = (type: string): Promise<unknown> => run("ssh-add", "-q", join(folder, `id_${type}`));

  test("sign: the only one that can, or the one that is named", async () => {
    await assert.rejects(open("ssh-agent:"), { code: "agent.no-key" });
    await add("rsa");
    await assert.rejects(open("ssh-agent:"), { code: "agent.no-key", message: /PKCS#1 v1\.5/ });
    await assert.rejects(open(`ssh-agent:${fingerprints.get("rsa")}`), { code: "agent.key-type" });
    await add("ed25519");
    assert.equal(await signWith("ssh-agent:"), "ed25519");
    await add("ecdsa");
    await assert.rejects(open("ssh-agent:"), { code: "agent.no-key", message: /several/ });
    const named = (type: string): Promise<string> =>
      signWith(`ssh-agent:${fingerprints.get(type)}`);
    assert.equal(await named("ed25519"), "ed25519");
    // Each signature has other numbers, of one length or another.
    for (let round = 0; round < 20; round++) {
      assert.equal(await named("ecdsa"), "ecdsa-sha2-nistp256");
    }
  });

  test("sign messages as large as agents take, and no larger ones", async () => {
    const { signer } = await open(`ssh-agent:${fingerprints.get("ed25519")}`);
    const large = new Uint8Array(261_000).fill(7);
    const signature = await signer.sign(large);
    assert.equal(verifySignature(signer.publicKey, large, signature), true);
    await assert.rejects(signer.sign(new Uint8Array(262_144)), { code: "agent.too-large" });
  });

  test("that are taken out, or locked away by their holder's refusal, do not sign", async () => {
    const { signer } = await open(`ssh-agent:${fingerprints.get("ed25519")}`);
    await run("ssh-add", "-q", "-D");
    await assert.rejects(signer.sign(message), { code: "agent.refused" });
    // With -c the agent asks; here nobody is there to say yes.
    env = { ...env, SSH_ASKPASS: "false" };
    await run("ssh-add", "-q", "-c", join(folder, "id_ed25519"));
    const asking = await open("ssh-agent:");
    await assert.rejects(asking.signer.sign(message), { code: "agent.refused" });
  });
});

const noToken = await missing({
  "softhsm2-util": "softhsm2",
  "pkcs11-tool": "opensc",
  openssl: "openssl",
});

describe("keys in a PKCS#11 token", { skip: noToken }, () => {
  const wrapper = join(projectRoot, "deploy/signers/pkcs11");
  let command = "";

  before(async () => {
    const module = await findModule();
    const configuration = join(folder, "softhsm2.conf");
    const tokens = join(folder, "tokens dir");
    await mkdir(tokens);
    await writeFile(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
    env = { ...env, SOFTHSM2_CONF: configuration, PIN: "567890" };
    const label = ["--token", "the token"];
    const pins = ["--so-pin", "123456", "--pin", "567890"];
    await run("softhsm2-util", "--init-token", "--free", "--label", "the token", ...pins);
    for (const [id, type] of [
      ["01", "EC:prime256v1"],
      ["02", "EC:edwards25519"],
      ["03", "rsa:2048"],
    ] as const) {
      const login = ["--module", module, "--token-label", "the token", "--login"];
      await run(
        "pkcs11-tool",
        ...login,
        "--pin",
        "env:PIN",
        "--keypairgen",
        "--key-type",
        type,
        "--id",
        id,
      );
    }
    const pin = join(folder, "pin");
    await writeFile(pin, "567890\n", { mode: 0o600 });
    command = `command:'${wrapper}' --module ${module} --token "${label[1]}" --pin-file ${pin}`;
  });

  test("sign with P-256, ed25519 and RSA-PSS", async () => {
    assert.equal(await signWith(`${command} --id 01`), "ecdsa-sha2-nistp256");
    assert.equal(await signWith(`${command} --id 02`), "ed25519");
    assert.equal(await signWith(`${command} --id 03`), "rsassa-pss-sha256");
  });

  test("that are not there, or whose PIN is wrong, do not; the token's words are shown", async () => {
    await assert.rejects(open(`${command} --id 09`), { code: "command.failed" });
    const wrong = join(folder, "wrong-pin");
    await writeFile(wrong, "000000\n", { mode: 0o600 });
    const { signer } = await open(
      `${command} --id 01`.replace(/--pin-file \S+/, `--pin-file ${wrong}`),
    );
    shown = "";
    await assert.rejects(signer.sign(message), { code: "command.failed" });
    assert.match(shown, /CKR_PIN_INCORRECT/);
  });
});

/** Distributions put it in different folders. */
async function findModule(): Promise<string> {
  for (const path of [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/libsofthsm2.so",
  ]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return assert.fail("libsofthsm2.so is in none of the usual folders");
}
