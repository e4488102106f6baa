/** Where people keep keys, with the real things: OpenSSH's agent, and a PKCS#11 token in software. */
import assert from "node:assert/strict";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

export type Environment = Readonly<Record<string, string>>;

const timeoutMs = 60_000;

/** What tests with an agent, or a token, cannot do without: programs, and their packages in Debian. */
export const agentPrograms = { "ssh-agent": "openssh-client" } as const;
export const tokenPrograms = {
  "softhsm2-util": "softhsm2",
  "pkcs11-tool": "opensc",
  openssl: "openssl",
} as const;

/** Why these tests cannot run here; with CI set that is a failure. */
export async function missingPrograms(
  packages: Readonly<Record<string, string>>,
): Promise<string | false> {
  const options = { env: machineEnvironment(), cwd: projectRoot, timeoutMs };
  for (const [program, name] of Object.entries(packages)) {
    const probe = await runProgram("sh", ["-c", `command -v ${program}`], options);
    if (probe.status === 0) continue;
    assert.equal(process.env["CI"] ?? "", "", `${program} (${name}) is required where CI is set`);
    return `SKIPPED: ${program} is not there; install ${name}`;
  }
  return false;
}

export type RealAgent = {
  /** With its socket. */
  readonly env: Environment;
  /** Makes a key of this kind in a file, once; its fingerprint. */
  makeKey(type: "ecdsa" | "ed25519" | "rsa"): Promise<string>;
  /** `ssh-add`, with these arguments before the file of the key of this kind. */
  add(type: string, ...args: readonly string[]): Promise<void>;
  removeAll(): Promise<void>;
  stop(): void;
};

export async function startAgent(folder: string, before: Environment): Promise<RealAgent> {
  const run = (program: string, ...args: readonly string[]): Promise<{ readonly stdout: string }> =>
    runToSuccess(program, args, { env, cwd: folder, timeoutMs });
  const keyPath = (type: string): string => join(folder, `id_${type}`);
  // Where the agent asks whether a key may be used, nobody is there to say yes.
  const env = { ...before, SSH_AUTH_SOCK: join(folder, "agent"), SSH_ASKPASS: "false" };
  const { stdout } = await run("ssh-agent", "-a", env.SSH_AUTH_SOCK);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  assert.ok(pid > 1);
  return {
    env,
    async makeKey(type) {
      const bits = type === "rsa" ? "2048" : "256";
      const path = keyPath(type);
      await run("ssh-keygen", ...["-q", "-t", type, "-b", bits, "-N", "", "-C", type, "-f", path]);
      const { stdout: listed } = await run("ssh-keygen", "-l", "-f", path);
      return /SHA256:\S+/.exec(listed)?.[0] ?? "";
    },
    add: async (type, ...args) => void (await run("ssh-add", "-q", ...args, keyPath(type))),
    removeAll: async () => void (await run("ssh-add", "-q", "-D")),
    stop: () => void process.kill(pid, "SIGTERM"),
  };
}

export type RealToken = {
  /** With its configuration. */
  readonly env: Environment;
  /** `--key`, with the key of this id. */
  reference(id: string): string;
};

const pin = "567890";
const label = "the token";

/** Keys by id: `EC:prime256v1`, `EC:edwards25519`, `rsa:2048`. */
export async function makeToken(
  folder: string,
  before: Environment,
  keys: Readonly<Record<string, string>>,
): Promise<RealToken> {
  const configuration = join(folder, "softhsm2.conf");
  const env = { ...before, SOFTHSM2_CONF: configuration };
  const run = (program: string, ...args: readonly string[]): Promise<unknown> =>
    runToSuccess(program, args, { env: { ...env, PIN: pin }, cwd: folder, timeoutMs });
  const tokens = join(folder, "tokens dir");
  await mkdir(tokens);
  await writeFile(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  const pinFile = join(folder, "pin");
  await writeFile(pinFile, `${pin}\n`, { mode: 0o600 });
  const pins = ["--so-pin", "123456", "--pin", pin];
  await run("softhsm2-util", "--init-token", "--free", "--label", label, ...pins);
  const module = await findModule();
  const login = ["--module", module, "--token-label", label, "--login", "--pin", "env:PIN"];
  for (const [id, type] of Object.entries(keys)) {
    await run("pkcs11-tool", ...login, "--keypairgen", "--key-type", type, "--id", id);
  }
  const program = join(projectRoot, "deploy/signers/pkcs11");
  return {
    env,
    reference: (id) =>
      `command:'${program}' --module ${module} --token "${label}" --pin-file '${pinFile}' --id ${id}`,
  };
}

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
