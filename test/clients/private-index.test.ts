/**
 * A private index: reads need a token too. pip and uv find it where people keep it (address, netrc, keyring), and the
 * proxy of the machine keeps its own.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { installInto } from "./installing.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { startMirror } from "./mirror.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

const clients = ["pip", "uv"] as const;
type Client = (typeof clients)[number];
const keyringBackend = { PYTHON_KEYRING_BACKEND: "keyrings.alt.file.PlaintextKeyring" };

describe("a private index", () => {
  let holdfast: Holdfast;

  before(async () => {
    holdfast = await startHoldfast({ args: ["--private"] });
    await uploadNew(holdfast.ready, { project: "secret-cove", version: "1.0" });
  });

  after(async () => {
    await holdfast?.remove();
  });

  /** The simple index with this user information in its address. */
  const simpleAs = (userInformation: string): string =>
    holdfast.ready.simple.replace("//", `//${userInformation}@`);

  const expectInstalled = async (
    machine: Machine,
    run: (python: string) => Promise<Run>,
  ): Promise<void> => {
    const environment = await machine.freshEnvironment();
    checkSuccess(await run(environment.python));
    const use = await environment.python3("import secret_cove; print(secret_cove.answer())");
    assert.equal(use.stdout.trim(), "42");
    assert.deepEqual(machine.outsideAttempts, []);
  };

  const arguments_ = (client: Client, python: string, simple: string): readonly string[] =>
    client === "pip"
      ? ["--python", python, "install", "--no-input", "--index-url", simple, "secret-cove"]
      : ["pip", "install", "--python", python, "--default-index", simple, "secret-cove"];

  for (const client of clients) {
    test(`${client} gets nothing without a token`, async () => {
      await using machine = await aMachine([client]);
      const environment = await machine.freshEnvironment();
      const run = await installInto(machine, client, environment, holdfast.ready.simple, [
        "secret-cove",
      ]);
      assert.notEqual(run.status, 0);
      const asked = (await holdfast.readAccessLog()).filter(({ agent }) =>
        agent.startsWith(`${client}/`),
      );
      assert.ok(asked.length > 0);
      assert.deepEqual(new Set(asked.map(({ status }) => status)), new Set([401]));
    });

    test(`${client} takes the token from the address`, async () => {
      await using machine = await aMachine([client]);
      const { username, token } = holdfast.ready;
      await expectInstalled(machine, (python) =>
        machine.run(client, arguments_(client, python, simpleAs(`${username}:${token}`))),
      );
    });

    test(`${client} takes the token from netrc`, async () => {
      await using machine = await aMachine([client]);
      const { username, token } = holdfast.ready;
      const netrc = `machine 127.0.0.1\nlogin ${username}\npassword ${token}\n`;
      await writeFile(join(machine.home, ".netrc"), netrc, { mode: 0o600 });
      await expectInstalled(machine, (python) =>
        machine.run(client, arguments_(client, python, holdfast.ready.simple)),
      );
    });

    test(`${client} takes the token from the keyring`, async () => {
      await using machine = await aMachine([client, "keyring"]);
      const { username, token, simple } = holdfast.ready;
      const service = new URL(simple).host;
      await machine.runWell("keyring", ["--list-backends"], { env: keyringBackend });
      const script = `import keyring; keyring.set_password("${service}", "${username}", "${token}")`;
      await machine.runPython("keyring", ["-c", script], { env: keyringBackend });
      await expectInstalled(machine, (python) =>
        machine.run(
          client,
          [
            ...arguments_(client, python, simpleAs(username)),
            ...["--keyring-provider", "subprocess"],
          ],
          { env: keyringBackend, alongside: ["keyring"] },
        ),
      );
    });

    test(`${client} needs no token behind the machine's own proxy`, async () => {
      await using machine = await aMachine([client]);
      await expectInstalled(machine, (python) =>
        machine.run(client, arguments_(client, python, holdfast.ready.proxySimple)),
      );
    });
  }

  test("a proxy of another machine says that it needs a token, and takes one from its own file", async () => {
    const { index, rootFingerprint, username, token } = holdfast.ready;
    const anchor = ["--fingerprint", rootFingerprint];
    await assert.rejects(startProxy({ index, anchor }), /asks for credentials \(401\)/);

    await using machine = await aMachine(["pip"]);
    const state = await machine.freshFolder("state");
    const credentials = JSON.stringify({ username, password: token });
    await writeFile(join(state, "credentials.json"), credentials, { mode: 0o600 });
    await using proxy = await startProxy({ index, anchor, state });
    await expectInstalled(machine, (python) =>
      machine.run("pip", arguments_("pip", python, proxy.simple)),
    );
    assert.ok(!proxy.output().includes(token));
  });

  test("no mirror and no redirect gets the proxy's credentials", async () => {
    const { index, rootFingerprint, username, token } = holdfast.ready;
    await using machine = await aMachine(["pip"]);
    const withCredentials = async (): Promise<string> => {
      const state = await machine.freshFolder("state");
      const credentials = JSON.stringify({ username, password: token });
      await writeFile(join(state, "credentials.json"), credentials, { mode: 0o600 });
      return state;
    };
    const anchor = ["--fingerprint", rootFingerprint];
    const thief = await startMirror(index);
    const authorizations: unknown[] = [];
    thief.attackWith(async ({ headers }) => {
      authorizations.push(headers.authorization);
      return undefined;
    });

    // As a mirror of its own free will: it cannot show what it is not given, so nothing starts, and it learns nothing.
    const mirrored = startProxy({
      index,
      anchor: [...anchor, "--mirror", thief.url],
      state: await withCredentials(),
    });
    await assert.rejects(mirrored, /asks for credentials \(401\)/);
    assert.ok(authorizations.length > 0);
    const asked = thief.requests.length;

    // As the target of a redirect on the way to the index.
    const between = await startMirror(index);
    await using proxy = await startProxy({
      index: between.url,
      anchor,
      state: await withCredentials(),
    });
    between.attackWith(async ({ path }) => ({
      status: 302,
      headers: { location: new URL(path, thief.url).href },
      body: Buffer.alloc(0),
    }));
    const target = ["--target", await machine.freshFolder("installed")];
    const run = await machine.run("pip", [
      ...["install", "--index-url", proxy.simple, ...target, "secret-cove"],
    ]);
    assert.notEqual(run.status, 0);
    assert.ok(run.text.includes("network.redirect"), run.output);
    assert.equal(thief.requests.length, asked, "the redirect was followed");
    assert.deepEqual(new Set(authorizations), new Set([undefined]));
    await Promise.all([thief.stop(), between.stop()]);
  });

  test("no log tells the token", async () => {
    const { username, token } = holdfast.ready;
    const sent = Buffer.from(`${username}:${token}`).toString("base64");
    // The last lines gather for some milliseconds.
    assert.ok((await holdfast.readAccessLog()).some(({ status }) => status === 200));
    const folder = join(holdfast.data, "log");
    for (const name of await readdir(folder)) {
      const log = await readFile(join(folder, name), "utf8");
      assert.ok(!log.includes(token) && !log.includes(sent), `${name} tells the token`);
    }
  });
});
