/**
 * An intruder who can write to the index's file store changes a published file. Neither the proxy nor pip and uv that ask
 * the index directly take it: pages, and the hashes in them, lie elsewhere.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { startHoldfast } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { installInto } from "./installing.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { makeWheel } from "./small-wheel.ts";
import type { SmallWheel } from "./small-wheel.ts";
import { uploadNew } from "./uploading.ts";

describe("an intruder in the file store", () => {
  let holdfast: Holdfast;
  let machine: Machine;

  before(async () => {
    machine = await aMachine(["pip", "uv"]);
    holdfast = await startHoldfast();
    await uploadNew(holdfast.ready, { project: "cargo", version: "1.0" });
    await changeStored(
      holdfast,
      await uploadNew(holdfast.ready, { project: "cargo", version: "1.1" }),
      makeLookalike,
    );
    await changeStored(
      holdfast,
      await uploadNew(holdfast.ready, { project: "cargo", version: "1.2" }),
      ({ bytes }) => Buffer.concat([bytes, Buffer.from("more")]),
    );
  });

  after(async () => {
    await holdfast?.remove();
    await machine?.remove();
  });

  const install = async (client: "pip" | "uv", simple: string, version: string): Promise<Run> => {
    const environment = await machine.freshEnvironment();
    return installInto(machine, client, environment, simple, [`cargo==${version}`]);
  };

  for (const client of ["pip", "uv"] as const) {
    test(`${client} through the proxy gets the reason`, async () => {
      const { proxySimple } = holdfast.ready;
      checkSuccess(await install(client, proxySimple, "1.0"));
      const run = await install(client, proxySimple, "1.1");
      assert.notEqual(run.status, 0, run.output);
      assert.ok(run.text.includes("file.hash"), run.output);
      checkSuccess(await install(client, proxySimple, "1.0"));
    });

    test(`${client} through the proxy gets the reason for a file of another length`, async () => {
      const run = await install(client, holdfast.ready.proxySimple, "1.2");
      assert.notEqual(run.status, 0, run.output);
      assert.ok(run.text.includes("file.damaged"), run.output);
    });

    test(`${client} at the index finds the hash wrong`, async () => {
      const { simple } = holdfast.ready;
      checkSuccess(await install(client, simple, "1.0"));
      const run = await install(client, simple, "1.1");
      assert.notEqual(run.status, 0, run.output);
      assert.match(run.text, /DO NOT MATCH THE HASHES|Hash mismatch/);
    });
  }
});

/** Another wheel of the same name and size. */
function makeLookalike(wheel: SmallWheel): Uint8Array {
  for (let answer = 43; answer < 1_000; answer += 1) {
    const { bytes } = makeWheel({ ...wheel, answer });
    if (bytes.length === wheel.bytes.length) {
      return bytes;
    }
  }
  throw new Error(`No other wheel has the size of ${wheel.filename}`);
}

/** Puts other bytes in the place of the stored wheel; a lookalike is whole, installable, and not what was uploaded. */
async function changeStored(
  holdfast: Holdfast,
  wheel: SmallWheel,
  change: (wheel: SmallWheel) => Uint8Array,
): Promise<void> {
  const folder = join(holdfast.data, "files");
  let changed = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && sha256Hex(await readFile(path)) === wheel.sha256) {
      await writeFile(path, change(wheel));
      changed += 1;
    }
  }
  assert.equal(changed, 1, "the wheel lies in the file store once");
}
