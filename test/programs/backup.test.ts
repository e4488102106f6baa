/**
 * A backup made while everything runs, and a restore of it that loses what came after: what was backed up installs
 * again, no version number gets a second content, and clients that saw the newer state go on by themselves.
 */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "#clients/holdfast.ts";
import type { Holdfast, ProxyProgram } from "#clients/holdfast.ts";
import { installInto } from "#clients/installing.ts";
import { aMachine } from "#clients/machine.ts";
import { fetchBytes, fetchFileList, fetchPage } from "#clients/plain-client.ts";
import { runHoldfast } from "#clients/program.ts";
import { checkSuccess } from "#clients/program-run.ts";
import type { SmallWheel } from "#clients/small-wheel.ts";
import { openPythonTuf } from "#clients/tuf-clients.ts";
import type { TufClient, TufRepository } from "#clients/tuf-clients.ts";
import { machineEnvironment } from "#clients/tool-environment.ts";
import { observeTree } from "#clients/tree-observer.ts";
import type { TreeObserver } from "#clients/tree-observer.ts";
import { uploadNew } from "#clients/uploading.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";

const whileBackingUp = Array.from({ length: 12 }, (_, at) => `during-${at}`);

describe("backup and restore", () => {
  let folder: string;
  let original: Holdfast;
  let restored: Holdfast;
  /** Of another machine; it has seen everything, also what the backup does not hold. */
  let proxy: ProxyProgram;
  let observer: TreeObserver;
  let seenBefore: ReadonlyMap<string, string>;
  let pythonTuf: TufClient;
  let repository: TufRepository;
  let kept: SmallWheel;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
    pythonTuf = await openPythonTuf();
    original = await startHoldfast();
    observer = observeTree(join(dataFolder(original.data).publicTree, "tuf"));
    const { index, metadata, targets, rootFingerprint } = original.ready;
    proxy = await startProxy({
      index,
      anchor: ["--fingerprint", rootFingerprint],
      config: '[proxy]\nrefresh = "1s"\n',
    });
    const root = join(folder, "1.root.json");
    await writeFile(root, await fetchBytes(new URL("1.root.json", metadata)));
    repository = { root, metadata, targets };
    await mkdir(join(folder, "tuf-state"));
  });
  after(async () => {
    await proxy?.remove();
    await restored?.remove();
    await original?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** On a machine of its own each time: what counts is what the proxy keeps, not what uv does. */
  const install = async (project: string): Promise<string> => {
    const machine = await aMachine(["uv"]);
    try {
      const environment = await machine.freshEnvironment();
      checkSuccess(await installInto(machine, "uv", environment, proxy.simple, [project]));
      const run = await environment.python3(`import ${project}; print(${project}.answer())`);
      return run.stdout.trim();
    } finally {
      await machine.remove();
    }
  };
  const judge = async (simple: string): Promise<void> => {
    const page = sha256Hex(await fetchPage(simple, "kept"));
    const state = join(folder, "tuf-state");
    const run = await pythonTuf(state, repository, ["simple/kept/index.json"]);
    assert.equal(run.status, 0, run.output);
    assert.equal(run.stdout.trim(), `${page} simple/kept/index.json`);
  };

  test("a backup is made while uploads come in", async () => {
    kept = await uploadNew(original.ready, { project: "kept", version: "1.0", answer: 1 });
    const uploads = whileBackingUp.map((project) =>
      uploadNew(original.ready, { project, version: "1.0", ballast: 100_000 }),
    );
    const backup = original.command(["admin", "backup", join(folder, "backup")]);
    await Promise.all(uploads);
    checkSuccess(await backup);
    const into = await original.command(["admin", "backup", join(folder, "backup")]);
    assert.notEqual(into.status, 0, "a backup was made over another one");
  });

  test("clients see what comes after it", async () => {
    // Offline roles that the backup does not know: what is restored has to go above them, too.
    checkSuccess(await original.command(["renew"]));
    await uploadNew(original.ready, { project: "later", version: "1.0", answer: 3 });
    await uploadNew(original.ready, { project: "kept", version: "2.0", answer: 2 });
    assert.equal(await install("later"), "3");
    assert.equal(await install("kept"), "2");
    await judge(original.ready.simple);
  });

  test("a restore is refused where a program works or a database lies", async () => {
    const running = await original.command(["restore", join(folder, "backup")]);
    assert.equal(running.status, 75, running.output);
    await observer.stop();
    await original.stop();
    const there = await original.command(["restore", join(folder, "backup")]);
    assert.equal(there.status, 73, there.output);
    assert.match(there.text, /--replace/);
  });

  test("a new data folder takes the backup and the keys, and starts", async () => {
    assert.deepEqual(observer.faults, []);
    seenBefore = observer.seen;
    const data = join(folder, "data");
    const run = await runHoldfast(["restore", join(folder, "backup"), "--data", data], {
      env: machineEnvironment(),
    });
    assert.equal(run.status, 0, run.output);
    const [from, to] = [dataFolder(original.data), dataFolder(data)];
    await cp(from.onlineKeys, to.onlineKeys, { recursive: true });
    await cp(from.offlineKeys, to.offlineKeys, { recursive: true });
    await cp(from.firstToken, to.firstToken);
    const { port } = new URL(original.ready.index);
    restored = await startHoldfast({ data, args: ["--port", port] });
    observer = observeTree(join(to.publicTree, "tuf"));
    assert.equal(restored.ready.index, original.ready.index);
    assert.equal(restored.ready.rootFingerprint, original.ready.rootFingerprint);
  });

  test("the proxy that saw the newer state installs what was backed up, by itself", async () => {
    // Its last view is good until it looks again.
    for (const deadline = performance.now() + 10_000; ; await delay(100)) {
      const files = await fetchFileList(proxy.simple, "kept");
      if (files.length === 1 && files[0]?.sha256 === kept.sha256) break;
      assert.ok(performance.now() < deadline, JSON.stringify(files));
    }
    assert.equal(await install("kept"), "1");
    const page = await fetch(new URL("later/", proxy.simple));
    assert.equal(page.status, 404, await page.text());
  });

  test("python-tuf, which saw the newer state too, goes on", async () => {
    await judge(restored.ready.simple);
  });

  test("what came in during the backup is there as a whole or not at all", async () => {
    let there = 0;
    for (const project of whileBackingUp) {
      const page = await fetch(new URL(`${project}/`, restored.ready.simple));
      if (page.status === 404) continue;
      assert.equal(page.status, 200);
      there += 1;
      const [file, ...more] = await fetchFileList(proxy.simple, project);
      assert.ok(file && more.length === 0);
      assert.equal(sha256Hex(await fetchBytes(file.url)), file.sha256);
    }
    const stored = JSON.parse(await readFile(join(folder, "backup", "backup.json"), "utf8"));
    assert.ok(stored.files >= there + 1, `${stored.files} files for ${there + 1} pages`);
  });

  test("what was lost can be published again, and installs", async () => {
    await uploadNew(restored.ready, { project: "later", version: "1.0", answer: 4 });
    await uploadNew(restored.ready, { project: "kept", version: "2.0", answer: 5 });
    assert.equal(await install("later"), "4");
    assert.equal(await install("kept"), "5");
    await judge(restored.ready.simple);
  });

  test("no version number got a second content", async () => {
    await observer.stop();
    assert.deepEqual(observer.faults, []);
    const both = [...observer.seen].filter(([name]) => seenBefore.has(name));
    for (const [name, hash] of both) assert.equal(hash, seenBefore.get(name), name);
    assert.ok(both.some(([name]) => name === "1.root.json"));
    const newest = (seen: ReadonlyMap<string, string>): number =>
      Math.max(
        ...[...seen.keys()].flatMap((name) => {
          const version = /^([0-9]+)\.timestamp\.json$/.exec(name)?.[1];
          return version === undefined ? [] : Number(version);
        }),
      );
    assert.ok(newest(observer.seen) > newest(seenBefore));
  });
});
