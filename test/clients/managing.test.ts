/**
 * What pip and uv make of a project its owner manages: yanked, deleted, archived and quarantined releases, seen through
 * the proxy; and tokens that may do only what they were made for.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { fetchFileList, memberText } from "./plain-client.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { publish } from "./publishing.ts";
import { makeWheel } from "./small-wheel.ts";
import { uploadNew, uploadWheel } from "./uploading.ts";

const clients = ["pip", "uv"] as const;
type Client = (typeof clients)[number];

describe("a managed project", () => {
  let holdfast: Holdfast;
  let machine: Machine;

  before(async () => {
    machine = await aMachine(["pip", "uv", "twine"]);
    // Each request sees the index as it is now.
    holdfast = await startHoldfast({ config: '[proxy]\nrefresh = "1ms"\n' });
  });

  after(async () => {
    await holdfast?.remove();
    await machine?.remove();
  });

  const manage = async (...args: readonly string[]): Promise<Run> =>
    checkSuccess(await holdfast.command(["admin", ...args]));

  const install = async (client: Client, requirement: string): Promise<Run> => {
    const target = ["--target", await machine.freshFolder("installed"), requirement];
    const { proxySimple } = holdfast.ready;
    return client === "pip"
      ? machine.run("pip", ["install", "--index-url", proxySimple, ...target])
      : machine.run("uv", [
          ...["pip", "install", "--no-cache", "--python", machine.python],
          ...["--default-index", proxySimple, ...target],
        ]);
  };

  const installedVersion = (run: Run, project: string): string | undefined =>
    new RegExp(`${project}(?:-|==)([0-9.]*[0-9])`).exec(checkSuccess(run).text)?.[1];

  test("a yanked release is taken only when asked for exactly it, and says why", async () => {
    await uploadNew(holdfast.ready, { project: "rudder", version: "1.0" });
    await uploadNew(holdfast.ready, { project: "rudder", version: "2.0" });
    await manage(
      "project",
      "yank",
      "rudder",
      "--version",
      "2.0",
      "--reason",
      "turns the wrong way",
    );
    for (const client of clients) {
      assert.equal(installedVersion(await install(client, "rudder"), "rudder"), "1.0");
      const exact = await install(client, "rudder==2.0");
      checkSuccess(exact);
      assert.match(exact.text, /yanked.*turns the wrong way/i);
    }
    await manage("project", "unyank", "rudder", "--version", "2.0");
    for (const client of clients) {
      assert.equal(installedVersion(await install(client, "rudder"), "rudder"), "2.0");
    }
  });

  test("a deleted file is gone, and its name is never free again", async () => {
    await uploadNew(holdfast.ready, { project: "tiller", version: "1.0" });
    const wheel = await uploadNew(holdfast.ready, { project: "tiller", version: "2.0" });
    await manage("project", "delete", "tiller", "--file", wheel.filename, "--purge");
    for (const client of clients) {
      assert.equal(installedVersion(await install(client, "tiller"), "tiller"), "1.0");
    }
    const again = makeWheel({ project: "tiller", version: "2.0", answer: 43 });
    const response = await uploadWheel(holdfast.ready, again);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /previously used by a file that has since been deleted/);
  });

  test("an archived project can be installed and takes no new files", async () => {
    await uploadNew(holdfast.ready, { project: "galley", version: "1.0" });
    await manage("project", "archive", "galley");
    for (const client of clients) {
      assert.equal(installedVersion(await install(client, "galley"), "galley"), "1.0");
    }
    const response = await uploadWheel(
      holdfast.ready,
      makeWheel({ project: "galley", version: "2.0" }),
    );
    assert.equal(response.status, 400);
    assert.match(await response.text(), /is archived and takes no new files/);
  });

  test("a quarantined project offers nothing", async () => {
    await uploadNew(holdfast.ready, { project: "plague-ship", version: "1.0" });
    await manage("project", "quarantine", "plague-ship");
    for (const client of clients) {
      const run = await install(client, "plague-ship");
      assert.notEqual(run.status, 0);
      assert.match(run.text, /No matching distribution|no versions of plague-ship/);
    }
    await manage("project", "unquarantine", "plague-ship");
    assert.equal(installedVersion(await install("pip", "plague-ship"), "plague-ship"), "1.0");
  });

  test("a token for one project uploads to that and to no other, until it is revoked", async () => {
    await uploadNew(holdfast.ready, { project: "bosun", version: "1.0" });
    await uploadNew(holdfast.ready, { project: "purser", version: "1.0" });
    const made = await manage(
      ...["token", "create", "--label", "ci", "--allow", "upload", "--project", "bosun", "--json"],
    );
    const answer: unknown = JSON.parse(made.stdout);
    const target = { ...holdfast.ready, token: memberText(answer, "token") };
    await uploadNew(target, { project: "bosun", version: "1.1" });

    const foreign = await uploadWheel(target, makeWheel({ project: "purser", version: "1.1" }));
    assert.equal(foreign.status, 403);
    assert.match(await foreign.text(), /auth\.forbidden/);

    await manage("token", "revoke", memberText(answer, "id"));
    const wheel = makeWheel({ project: "bosun", version: "1.2" });
    const late = await uploadWheel(target, wheel);
    assert.equal(late.status, 401);
    assert.equal((await fetchFileList(holdfast.ready.simple, "bosun")).length, 2);
  });

  test("twine shows that an archived project takes nothing", async () => {
    const wheel = makeWheel({ project: "brig", version: "1.0" });
    await uploadNew(holdfast.ready, { project: "brig", version: "0.9" });
    await manage("project", "archive", "brig");
    const path = await machine.writeFile(wheel.filename, wheel.bytes);
    const project = { folder: machine.home, files: [path] };
    const run = await publish(machine, "twine", project, holdfast.ready);
    assert.notEqual(run.status, 0);
    assert.match(run.text, /is archived and takes no new files.*\[project\.archived\]/);
  });
});
