/**
 * A lock file records the proxy's address, which is the same on every machine; so one that uv or poetry made behind one
 * proxy installs behind the proxy of another machine, whose trust began with nothing but the fingerprint.
 */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { consumerPython, installLocked, lockAndInstall, writeConsumer } from "./installing.ts";
import { aMachine } from "./machine.ts";
import { checkSuccess, runToSuccess } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

describe("lock files", () => {
  let holdfast: Holdfast;

  before(async () => {
    holdfast = await startHoldfast();
  });

  after(async () => {
    await holdfast?.remove();
  });

  for (const installer of ["uv", "poetry"] as const) {
    test(`a lock file of ${installer} installs on another machine`, async () => {
      const { index, rootFingerprint } = holdfast.ready;
      const anchor = ["--fingerprint", rootFingerprint];
      const keel = `keel-${installer}`;
      const hull = `hull-${installer}`;
      await uploadNew(holdfast.ready, { project: keel, version: "1.0" });
      await uploadNew(holdfast.ready, { project: hull, version: "1.0", requires: [`${keel}>=1`] });

      await using author = await aMachine([installer]);
      await using authorProxy = await startProxy({ index, anchor });
      const project = await writeConsumer(author, installer, authorProxy.simple, [hull]);
      await lockAndInstall(author, installer, project);
      await authorProxy.stop();

      // Another machine: its own home, its own proxy with its own state, the same address.
      await using colleague = await aMachine([installer]);
      await using proxy = await startProxy({ index, anchor, port: authorProxy.port });
      assert.equal(proxy.simple, authorProxy.simple);
      // A release after the lock was made must not get in.
      await uploadNew(holdfast.ready, { project: keel, version: "1.1" });
      const copy = await colleague.freshFolder("checkout");
      for (const name of ["pyproject.toml", `${installer}.lock`]) {
        await cp(join(project, name), join(copy, name));
      }
      checkSuccess(await installLocked(colleague, installer, copy));
      const script = `from importlib.metadata import version; print(version("${hull}"), version("${keel}"))`;
      const run = await runToSuccess(consumerPython(copy), ["-c", script], {
        env: colleague.clientEnvironment(),
        cwd: copy,
      });
      assert.equal(run.stdout.trim(), "1.0 1.0");
      assert.deepEqual([...author.outsideAttempts, ...colleague.outsideAttempts], []);
    });
  }
});
