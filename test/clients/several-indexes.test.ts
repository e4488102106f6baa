/**
 * A map of two real indexes that both offer what the other one is for: pip, uv and poetry get each project from the index
 * that the map names, whatever versions the other one has; and where two must agree, only what both list.
 */
import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast, ProxyProgram } from "./holdfast.ts";
import {
  consumerPython,
  installInto,
  installLocked,
  lockAndInstall,
  writeConsumer,
} from "./installing.ts";
import { aMachine } from "./machine.ts";
import { checkSuccess, runToSuccess } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

const closed = `[[proxy.map]]
names = ["acme", "acme-*"]
indexes = ["own"]
[[proxy.map]]
names = ["*"]
indexes = ["public"]
`;
/** Allowed, and warned about: what the own index lacks comes from the other one. */
const open = closed.replace('["own"]', '["own"]\nterminating = false');
const both = `[[proxy.map]]
names = ["*"]
indexes = ["own", "public"]
agree = 2
`;

/** What was installed of the own project and of the other, and what the own one answers. */
const seen = `from importlib.metadata import version
import acme_core
print(version("acme-core"), version("numbers"), acme_core.answer())`;

describe("several indexes", () => {
  let own: Holdfast;
  let foreign: Holdfast;

  before(async () => {
    [own, foreign] = await Promise.all([startHoldfast(), startHoldfast()]);
    await uploadNew(own.ready, { project: "acme-core", version: "1.0", requires: ["numbers"] });
    await uploadNew(foreign.ready, { project: "numbers", version: "1.0" });
    // Each offers the other's project: the same file with other bytes, and higher versions.
    await uploadNew(foreign.ready, { project: "acme-core", version: "1.0", answer: 666 });
    await uploadNew(foreign.ready, { project: "acme-core", version: "99.0", answer: 666 });
    await uploadNew(own.ready, { project: "numbers", version: "99.0", answer: 666 });
  });

  after(async () => {
    await Promise.all([own?.remove(), foreign?.remove()]);
  });

  const configOf = (mappings: string): string => `[proxy]
map-name = "acme"
[proxy.indexes.own]
url = "${own.ready.index}"
fingerprint = "${own.ready.rootFingerprint}"
[proxy.indexes.public]
url = "${foreign.ready.index}"
fingerprint = "${foreign.ready.rootFingerprint}"
${mappings}`;
  const startMap = (mappings: string, port = 0): Promise<ProxyProgram> =>
    startProxy({ config: configOf(mappings), port });

  for (const client of ["pip", "uv"] as const) {
    test(`${client} gets each project from its own index`, async () => {
      await using machine = await aMachine([client]);
      await using proxy = await startMap(closed);
      const environment = await machine.freshEnvironment();
      checkSuccess(await installInto(machine, client, environment, proxy.simple, ["acme-core"]));
      const run = await environment.python3(seen);
      assert.equal(run.stdout.trim(), "1.0 1.0 42");
      const higher = ["acme-core>=2"];
      const refused = await installInto(machine, client, environment, proxy.simple, higher);
      assert.notEqual(refused.status, 0, refused.output);
      assert.deepEqual(machine.outsideAttempts, []);
      const asked = (await foreign.readAccessLog()).filter(({ agent }) => agent.includes("proxy"));
      assert.ok(asked.length > 0);
      assert.deepEqual(
        asked.filter(({ path }) => path.includes("acme")),
        [],
        "the public index does not hear of own projects",
      );
    });
  }

  for (const installer of ["uv", "poetry"] as const) {
    test(`${installer} locks what the map says, and the lock stays right when the map changes`, async () => {
      await using author = await aMachine([installer]);
      await using authorProxy = await startMap(closed);
      const project = await writeConsumer(author, installer, authorProxy.simple, ["acme-core"]);
      await lockAndInstall(author, installer, project);
      await authorProxy.stop();
      const lock = await readFile(join(project, `${installer}.lock`), "utf8");
      assert.ok(!lock.includes("99.0"), lock);
      const addresses = new Set(lock.match(/http:\/\/[^"\s]*?\/(?:simple|files)/g));
      for (const address of addresses) assert.ok(address.startsWith(`${authorProxy.proxy}acme/`));

      // Elsewhere, with another map that leads to the same indexes for these names.
      await using colleague = await aMachine([installer]);
      await using proxy = await startMap(open, authorProxy.port);
      assert.equal(proxy.simple, authorProxy.simple);
      const copy = await colleague.freshFolder("checkout");
      for (const name of ["pyproject.toml", `${installer}.lock`]) {
        await cp(join(project, name), join(copy, name));
      }
      checkSuccess(await installLocked(colleague, installer, copy));
      const options = { env: colleague.clientEnvironment(), cwd: copy };
      const run = await runToSuccess(consumerPython(copy), ["-c", seen], options);
      assert.equal(run.stdout.trim(), "1.0 1.0 42");
      assert.deepEqual([...author.outsideAttempts, ...colleague.outsideAttempts], []);
    });
  }

  for (const client of ["pip", "uv"] as const) {
    test(`${client} gets only what two indexes that must agree both list`, async () => {
      const project = `shared-${client}`;
      for (const { ready } of [own, foreign]) await uploadNew(ready, { project, version: "1.0" });
      await uploadNew(foreign.ready, { project, version: "2.0", answer: 666 });
      await using machine = await aMachine([client]);
      await using proxy = await startMap(both);
      const environment = await machine.freshEnvironment();
      checkSuccess(await installInto(machine, client, environment, proxy.simple, [project]));
      const script = `from importlib.metadata import version; print(version("${project}"))`;
      assert.equal((await environment.python3(script)).stdout.trim(), "1.0");
      // Of acme-core both have 1.0, with different bytes.
      const refused = await installInto(machine, client, environment, proxy.simple, ["acme-core"]);
      assert.notEqual(refused.status, 0);
      assert.match(refused.text, /map\.conflict/);
      assert.match(await proxy.readStatus(), /"code": "map\.conflict"/);
    });
  }

  // The last: it stops the own index.
  test("an own index that is stopped is not stood in for", async () => {
    await using machine = await aMachine(["pip", "uv", "poetry"]);
    await own.stop();
    await using proxy = await startMap(open);
    for (const client of ["pip", "uv"] as const) {
      const environment = await machine.freshEnvironment();
      const run = await installInto(machine, client, environment, proxy.simple, ["acme-core"]);
      assert.notEqual(run.status, 0, run.output);
      assert.match(run.text, /network\.connect/);
      await assert.rejects(environment.python3("import acme_core"), /No module named/);
    }
    const project = await writeConsumer(machine, "poetry", proxy.simple, ["acme-core"]);
    await assert.rejects(lockAndInstall(machine, "poetry", project));
    const files = (await foreign.readAccessLog()).filter(({ path }) =>
      path.startsWith("/files/acme-core/"),
    );
    assert.deepEqual(files, [], "nothing of it was fetched from the other index");
  });
});
