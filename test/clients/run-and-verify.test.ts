/**
 * `holdfast run` makes pip and uv ask a verifying proxy and nobody else, `holdfast verify` judges files on disk, and an
 * anchor taken on first use is never silently replaced.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { runHoldfast } from "./program.ts";
import { checkSuccess } from "./program-run.ts";
import type { SmallWheel } from "./small-wheel.ts";
import { makeWheel } from "./small-wheel.ts";
import { openTool } from "./tool-environment.ts";
import type { ToolName } from "./tool-environment.ts";
import { uploadNew } from "./uploading.ts";

describe("run, verify and first use", () => {
  let holdfast: Holdfast;
  let machine: Machine;
  let wheel: SmallWheel;

  before(async () => {
    machine = await aMachine(["pip", "uv"]);
    holdfast = await startHoldfast();
    wheel = await uploadNew(holdfast.ready, { project: "lantern", version: "1.0" });
  });

  after(async () => {
    await holdfast?.remove();
    await machine?.remove();
  });

  const anchor = (): readonly string[] => [
    ...["--index", holdfast.ready.index, "--fingerprint", holdfast.ready.rootFingerprint],
  ];

  const commandOf = async (tool: ToolName): Promise<string> =>
    join((await openTool(tool)).bin, tool);

  for (const client of ["pip", "uv"] as const) {
    test(`run starts a proxy for one ${client} command and sets its index`, async () => {
      const state = await machine.freshFolder("state");
      const target = await machine.freshFolder("installed");
      const install =
        client === "pip"
          ? ["install", "--target", target, "lantern"]
          : ["pip", "install", "--python", machine.python, "--target", target, "lantern"];
      const command = [await commandOf(client), ...install];
      const run = await runHoldfast(
        ["run", ...anchor(), "--state", state, "--port", "0", "--", ...command],
        { env: machine.clientEnvironment() },
      );
      checkSuccess(run);
      assert.match(run.text, /lantern(?:-|==)1\.0/);
      assert.deepEqual(machine.outsideAttempts, []);
    });
  }

  test("run ends with what its command ends with", async () => {
    const state = await machine.freshFolder("state");
    const run = await runHoldfast(
      ["run", ...anchor(), "--state", state, "--port", "0", "--", "sh", "-c", "exit 23"],
      { env: machine.clientEnvironment() },
    );
    assert.equal(run.status, 23, run.output);
  });

  test("verify vouches for what the index published, and for nothing else", async () => {
    const state = await machine.freshFolder("state");
    const options = { env: machine.clientEnvironment() };
    const good = await machine.writeFile(wheel.filename, wheel.bytes);
    const verify = ["verify", ...anchor(), "--state", state];
    const vouched = await runHoldfast([...verify, good], options);
    assert.equal(vouched.status, 0, vouched.output);

    const altered = makeWheel({ project: "lantern", version: "1.0", answer: 43 });
    const bad = await machine.writeFile(altered.filename, altered.bytes);
    const refused = await runHoldfast([...verify, bad], options);
    assert.equal(refused.status, 1, refused.output);
    assert.match(refused.text, /NOT vouched for/);
    assert.match(refused.text, /file\.hash/);

    const unheard = makeWheel({ project: "unheard-of", version: "1.0" });
    const strange = await machine.writeFile(unheard.filename, unheard.bytes);
    const unknown = await runHoldfast([...verify, strange], options);
    assert.equal(unknown.status, 1, unknown.output);
    assert.match(unknown.text, /NOT vouched for[^]*project\.unknown/);
  });

  test("an index that is not the one first met is refused by name", async () => {
    const state = await machine.freshFolder("state");
    const { index } = holdfast.ready;
    const met = await startProxy({ index, anchor: ["--tofu"], state });
    assert.match(met.output(), /first/i);
    await met.stop();

    await using stranger = await startHoldfast();
    const strange = startProxy({
      index,
      anchor: ["--mirror", stranger.ready.index],
      state,
    });
    await assert.rejects(strange, /The trust anchor changed/);
    // The old trust stands.
    await using again = await startProxy({ index, anchor: [], state });
    assert.equal((await fetch(new URL("lantern/", again.simple))).status, 200);
  });
});
