/**
 * The guide's ceremonies for real, command by command as they stand in it: two machines without a network and a stick,
 * people who type passphrases at a terminal, a signer that publishes, and a client that follows each change.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { startProgram } from "#clients/program.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";
import { uploadNew } from "#clients/uploading.ts";
import { runProgram } from "#clients/program-run.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { Updater } from "#core/tuf/updater.ts";
import { pageTarget } from "#core/tuf/layout.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { fetchFile } from "#stores/folder/file-fetch.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { guideBlocks } from "./guide-blocks.ts";
import type { GuideBlock } from "./guide-blocks.ts";
import { makeTwoMachines, startOn, whyNoMachines } from "./machines.ts";
import type { MachineFolders, StartedSigner, TwoMachines } from "./machines.ts";

const guide = join(projectRoot, "docs", "guides", "ceremonies.md");
const later = "Every later ceremony";

/** What the people type, by the name of their key file. */
const passphraseOf = (key: string): string => `the passphrase of ${key}`;

describe("the guide's ceremonies", { skip: whyNoMachines(), timeout: 900_000 }, () => {
  let machines: TwoMachines;
  let blocks: readonly GuideBlock[];
  let signer: StartedSigner | undefined;
  let client: Updater;

  before(async () => {
    machines = await makeTwoMachines();
    blocks = guideBlocks(await readFile(guide, "utf8"));
  });
  after(async () => {
    await signer?.stop();
    await machines.remove();
  });

  const machineOf = ({ tags }: GuideBlock): MachineFolders =>
    tags[0] === "offline" ? machines.offline : machines.signer;
  const runBlock = async (block: GuideBlock): Promise<string> => {
    let screen = "";
    for (const command of block.commands) {
      const run = await machines.type(machineOf(block), command, answersFor(command));
      assert.equal(run.status, 0, `${command}\n${run.output}`);
      screen += run.stdout;
    }
    return screen;
  };
  const tagged = (tag: string): GuideBlock => {
    const block = blocks.find(({ tags }) => tags[1] === tag);
    assert.ok(block, `the guide says how to ${tag}`);
    return block;
  };
  const publicTree = (): string => dataFolder(join(machines.signer.srv, "holdfast")).publicTree;

  test("neither machine has a network, and neither sees the other", async () => {
    const server = createServer((socket) => void socket.end());
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const look = [process.execPath, "-e", lookAround, String(port)] as const;
    const outside = await runProgram(look[0], look.slice(1), {
      env: machineEnvironment(),
      cwd: projectRoot,
    });
    assert.equal(JSON.parse(outside.stdout).connected, true, "the look itself works");
    for (const machine of [machines.offline, machines.signer]) {
      const run = await machines.run(machine, ...look);
      const seen = JSON.parse(run.stdout);
      assert.deepEqual([seen.connected, seen.interfaces], [false, []]);
      const base = join(machines.stick, "..");
      assert.equal((await machines.run(machine, "ls", base)).stdout, "", "the other is hidden");
    }
    await machines.run(
      machines.offline,
      "sh",
      "-c",
      "echo carried > /media/stick/x; echo y > /srv/y",
    );
    assert.equal(
      (await machines.run(machines.signer, "cat", "/media/stick/x")).stdout,
      "carried\n",
    );
    assert.notEqual((await machines.run(machines.signer, "cat", "/srv/y")).status, 0);
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    await emptyStick(machines);
  });

  test("the first ceremony makes an index that a client believes", async () => {
    const first = blocks.slice(0, blocks.indexOf(tagged("begin")));
    for (const block of first) await runBlock(block);
    const metadata = await readFirstMetadata(publicTree());
    assert.ok(metadata);
    signer = startOn(
      machines,
      machines.signer,
      process.execPath,
      join(projectRoot, "bin", "holdfast.js"),
      ...["signer", "--data", "/srv/holdfast", "--ready-file", "/media/signer-ready.json"],
    );
    await waitForFile(join(machines.signer.media, "signer-ready.json"), signer);
    const store = createMemoryTrustedStore();
    await store.writeRoot(1, metadata.root);
    client = createUpdater(
      { clock: systemClock, fetch: fetchFile, store },
      { metadataUrl: pathToFileURL(`${publicTree()}/tuf/`) },
    );
    assert.equal((await client.refresh()).root.value.version, 1);
  });

  test("the signer publishes under it, and the client finds what was uploaded", async () => {
    const data = dataFolder(join(machines.signer.srv, "holdfast"));
    const readyFile = join(data.root, "index-ready.json");
    const index = await startProgram({
      args: ["index", "--data", data.root, "--port", "0", "--ready-file", readyFile],
      readyFile,
      env: machineEnvironment(),
      via: "program",
    });
    try {
      const token = (await readFile(data.firstToken, "utf8")).trim();
      const upload = `${index.ready.get("index")}legacy/`;
      await uploadNew(
        { upload, username: "__token__", token },
        { project: "under-ceremony", version: "1.0" },
      );
    } finally {
      await index.stop();
    }
    const found = await client.findTarget(
      await client.refresh(),
      pageTarget(normaliseProjectName("under-ceremony")),
    );
    assert.notEqual(found, "absent");
  });

  test("every change of the guide is published, and the client follows each", async () => {
    const begin = tagged("begin");
    const rest = blocks.slice(blocks.indexOf(tagged("end")) + 1);
    const headings = [...new Set(rest.map(({ heading }) => heading))];
    assert.equal(headings.length, 9);
    let view = await client.refresh();
    for (const heading of headings) {
      assert.notEqual(heading, later);
      await emptyStick(machines);
      const change = rest.filter((block) => block.heading === heading);
      const offline = change.filter(({ tags }) => tags[0] === "offline");
      for (const block of change) if (!offline.includes(block)) await runBlock(block);
      await runBlock(begin);
      for (const block of offline) await runBlock(block);
      await runBlock(tagged("end"));
      const next = await client.refresh();
      assert.notDeepEqual(versionsOf(next), versionsOf(view), heading);
      view = next;
    }
    const { floor, holders, roles, version } = view.root.value;
    const names = roles.root.keyIds.map((keyId) => holders?.get(keyId)?.name);
    assert.deepEqual(names, ["Ada Lovelace", "Bob", "Dave"]);
    assert.deepEqual(
      roles.targets.keyIds.map((keyId) => holders?.get(keyId)?.name),
      ["Erin"],
    );
    assert.deepEqual([roles.root.threshold, floor?.get("claimed")], [3, 4]);
    assert.equal(version, 8);
  });

  test("no private key was on the stick or on the signer's machine", async () => {
    const keys = ["ada", "bob", "carol", "dave", "erin"].map((name) => `${name}.key`);
    const where = async (folder: string): Promise<readonly string[]> =>
      (await readdir(folder, { recursive: true })).filter((path) =>
        keys.some((key) => path.endsWith(key)),
      );
    assert.deepEqual(await where(machines.stick), []);
    assert.deepEqual(await where(machines.signer.media), []);
    assert.deepEqual(await where(machines.signer.srv), []);
    assert.equal((await where(machines.offline.media)).length, keys.length);
  });
});

/** Interfaces that are up, and whether anything answers on this port of loopback. */
const lookAround = `
const interfaces = Object.keys(require("node:os").networkInterfaces());
const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1");
const say = (connected) => { console.log(JSON.stringify({ connected, interfaces })); process.exit(); };
socket.once("connect", () => say(true)).once("error", () => say(false));`;

/** What a person is asked by this command, and what they type. */
function answersFor(command: string): readonly (readonly [string, string])[] {
  const [, made] = /ceremony key .*--out \S*?([a-z]+)\.key/.exec(command) ?? [];
  if (made !== undefined) {
    const passphrase = `${passphraseOf(made)}\r`;
    return [
      ["New passphrase for", passphrase],
      ["The same again: ", passphrase],
    ];
  }
  const [, signing] = /ceremony sign .*--key \S*?([a-z]+)\.key/.exec(command) ?? [];
  if (signing === undefined) return [];
  return [
    ["Passphrase of", `${passphraseOf(signing)}\r`],
    ['Type "yes"', "yes\r"],
  ];
}

async function emptyStick({ stick }: TwoMachines): Promise<void> {
  for (const name of await readdir(stick)) await rm(join(stick, name));
}

function versionsOf({ root, targets, snapshot }: TrustedView): readonly (number | undefined)[] {
  const claimed = snapshot.value.meta.get("claimed")?.version;
  return [root.value.version, targets.value.version, claimed];
}

async function waitForFile(path: string, { output }: StartedSigner): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!existsSync(path)) {
    assert.ok(performance.now() < deadline, `the signer is not ready:\n${output()}`);
    await delay(20);
  }
}
