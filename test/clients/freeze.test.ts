/**
 * A mirror that freezes: it serves an honest state, for ever. It wins as long as the timestamp lives (three seconds here;
 * a day by default) and not a moment longer.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast, ProxyProgram } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { startMirror } from "./mirror.ts";
import type { Mirror } from "./mirror.ts";
import { installInto } from "./installing.ts";
import { fetchBytes, member, memberText } from "./plain-client.ts";
import { checkSuccess } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

describe("a mirror that freezes", () => {
  let holdfast: Holdfast;
  let mirror: Mirror;
  let proxy: ProxyProgram;
  let machine: Machine;

  before(async () => {
    machine = await aMachine(["pip", "uv"]);
    holdfast = await startHoldfast({ config: '[signer.lifetimes]\ntimestamp = "3s"\n' });
    mirror = await startMirror(holdfast.ready.index);
    proxy = await startProxy({
      index: mirror.url,
      anchor: ["--fingerprint", holdfast.ready.rootFingerprint],
      config: '[proxy]\nrefresh = "1ms"\n',
    });
  });

  after(async () => {
    await proxy?.remove();
    await mirror?.stop();
    await holdfast?.remove();
    await machine?.remove();
  });

  const install = async (client: "pip" | "uv"): ReturnType<typeof installInto> => {
    const environment = await machine.freshEnvironment();
    const requirement = client === "uv" ? ["--no-cache", "mast==1.0"] : ["mast==1.0"];
    return installInto(machine, client, environment, proxy.simple, requirement);
  };

  test("is refused when what it serves has expired", async () => {
    await uploadNew(holdfast.ready, { project: "mast", version: "1.0" });
    checkSuccess(await install("pip"));
    checkSuccess(await install("uv"));

    const frozen = Buffer.from(
      await fetchBytes(new URL("timestamp.json", holdfast.ready.metadata)),
    );
    const expires = memberText(member(JSON.parse(frozen.toString()), "signed"), "expires");
    mirror.attackWith(async ({ path }) =>
      path.endsWith("/timestamp.json") ? { status: 200, headers: {}, body: frozen } : undefined,
    );
    // The one wait on the clock: real programs have only the real one.
    await delay(Math.max(0, Date.parse(expires) - Date.now()) + 50);
    for (const client of ["pip", "uv"] as const) {
      const run = await install(client);
      assert.notEqual(run.status, 0, `${client} installed it:\n${run.output}`);
      assert.ok(run.text.includes("tuf.expired"), run.output);
      assert.match(run.text, /expired/, run.output);
    }

    mirror.attackWith(undefined);
    checkSuccess(await install("pip"));
    checkSuccess(await install("uv"));
  });
});
