/**
 * A break-in from its first hour to its end, with real programs: an index, its mirror, three people behind it with pip.
 * A thief takes the whole machine with all online keys, releases under a stolen token, and makes the mirror show an index
 * of his own. The operator recovers by one command. Afterwards whoever saw the attack, whoever did not, and whoever is new
 * get the good file, and the thief's tree is refused.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { programEnvironment, startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast, ProxyProgram } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { startMirror } from "./mirror.ts";
import type { Mirror } from "./mirror.ts";
import { member } from "./plain-client.ts";
import { runHoldfast } from "./program.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

describe("after a break-in", () => {
  let folder: string;
  let data: string;
  let copy: string;
  let holdfast: Holdfast;
  let thief: Holdfast | undefined;
  let mirror: Mirror;
  let machine: Machine;
  let anchor: readonly string[];
  const proxies: ProxyProgram[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-break-in-"));
    data = join(folder, "data");
    copy = join(folder, "copy");
    machine = await aMachine(["pip"]);
    holdfast = await startHoldfast({ data });
    anchor = ["--fingerprint", holdfast.ready.rootFingerprint];
    mirror = await startMirror(holdfast.ready.index);
  });

  after(async () => {
    for (const proxy of proxies) await proxy.remove();
    await mirror?.stop();
    await thief?.remove();
    await holdfast?.remove();
    await machine?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** A person behind the mirror. */
  const aPerson = async (): Promise<ProxyProgram> => {
    const config = '[proxy]\nrefresh = "1ms"\n';
    const proxy = await startProxy({ index: mirror.url, anchor, config });
    proxies.push(proxy);
    return proxy;
  };

  const install = async (
    proxy: ProxyProgram,
  ): Promise<{ readonly run: Run; readonly installed: readonly string[] }> => {
    const target = await machine.freshFolder("installed");
    const wish = ["install", "--no-cache-dir", "--index-url", proxy.simple];
    const run = await machine.run("pip", [...wish, "--target", target, "victim"]);
    return {
      run,
      installed: (await readdir(target)).filter((name) => name.endsWith(".dist-info")),
    };
  };

  const expectInstalled = async (proxy: ProxyProgram, version: string): Promise<void> => {
    const { run, installed } = await install(proxy);
    checkSuccess(run);
    assert.deepEqual(installed, [`victim-${version}.dist-info`], run.output);
  };

  const recover = (...words: readonly string[]): Promise<Run> =>
    runHoldfast(["recover", ...words, "--data", data], { env: programEnvironment(folder) });

  test("everybody is back at what is good, and the thief's tree is refused", async () => {
    await uploadNew(holdfast.ready, { project: "victim", version: "1.0" });
    // Another machine's, that night.
    await cp(join(data, "public"), copy, { recursive: true });
    const [saw, missed] = [await aPerson(), await aPerson()];
    await expectInstalled(saw, "1.0");
    await expectInstalled(missed, "1.0");

    // With a stolen token, at the index itself.
    await uploadNew(holdfast.ready, { project: "victim", version: "6.5" });
    await holdfast.stop();
    // With everything that lies on the machine but the offline keys.
    const robbed = join(folder, "robbed");
    await cp(data, robbed, { recursive: true });
    await rm(join(robbed, "offline"), { recursive: true });
    thief = await startHoldfast({ data: robbed });
    await uploadNew(thief.ready, { project: "victim", version: "6.6" });
    mirror.follow(thief.ready.index);
    // What the attacker gets.
    await expectInstalled(saw, "6.6");

    const stolen = ["--stolen", "all-online", "--good", copy];
    const keys = ["--keys", join(data, "offline"), "--restore-all", "--yes"];
    const report = await recover(...stolen, ...keys);
    assert.equal(report.status, 0, report.output);
    assert.match(report.stdout, /victim changed since the copy\n {2}added +victim-6\.5/);
    assert.match(report.stdout, /Do not use them:\n {2}victim: victim-6\.5-py3-none-any\.whl/);

    holdfast = await startHoldfast({ data });
    mirror.follow(holdfast.ready.index);
    const fresh = await aPerson();
    for (const proxy of [saw, missed, fresh]) await expectInstalled(proxy, "1.0");

    // The thief goes on with all the keys he has.
    await uploadNew(thief.ready, { project: "victim", version: "6.7" });
    mirror.follow(thief.ready.index);
    for (const proxy of [saw, missed, fresh]) {
      const before = await readTrustedRoots(proxy);
      const { installed, run } = await install(proxy);
      assert.deepEqual(installed, []);
      assert.ok(run.text.includes("tuf.threshold"), run.output);
      assert.deepEqual(await readTrustedRoots(proxy), before);
      assert.ok(before.some((root) => member(member(root, "signed"), "x-floor") !== undefined));
    }

    mirror.follow(holdfast.ready.index);
    await uploadNew(holdfast.ready, { project: "victim", version: "2.0" });
    for (const proxy of [saw, missed, fresh]) await expectInstalled(proxy, "2.0");
    assert.deepEqual(machine.outsideAttempts, []);
  });

  test("beside running programs nothing is begun, and it is said what to do", async () => {
    const run = await recover("--stolen", "bins", "--no-copy", "--keys", data, "--yes");
    assert.equal(run.status, 75, run.output);
    assert.match(run.output, /while a signer works on it: end the signer, or `holdfast up`/);
  });
});

async function readTrustedRoots(proxy: ProxyProgram): Promise<readonly unknown[]> {
  const names = await readdir(join(proxy.state, "tuf"), { recursive: true });
  const roots: unknown[] = [];
  for (const name of names.filter((one) => one.endsWith("root.json")).toSorted()) {
    roots.push(JSON.parse(await readFile(join(proxy.state, "tuf", name), "utf8")));
  }
  return roots;
}
