/** The guide's recovery, command by command as it stands there, on a data folder that was broken into. */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { fetchFileList } from "#clients/plain-client.ts";
import { runProgram } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";
import { uploadNew } from "#clients/uploading.ts";
import { guideBlocks } from "./guide-blocks.ts";

const guide = join(projectRoot, "docs", "guides", "recovery.md");
const launcher = join(projectRoot, "bin", "holdfast.js");

describe("the guide's recovery", { timeout: 300_000 }, () => {
  let folder: string;
  let fingerprint: string;
  let commands: ReadonlyMap<string, readonly string[]>;

  /** Made ready for a fresh machine: `/srv`, `/backup`, `/media` and `/mnt` lie in `root`. */
  const run = async (root: string, tag: string): Promise<string> => {
    const block = commands.get(tag);
    assert.ok(block, `the guide says how to ${tag}`);
    const script = block
      .join("\n")
      .replaceAll(/(?<![\w.])\/(?=(?:srv|backup|media|mnt)\b)/g, `${root}/`)
      .replaceAll("sha256:…", fingerprint);
    const shell = `set -e\nholdfast() { "$NODE" "$LAUNCHER" "$@"; }\n${script}\n`;
    const { output, status, stdout } = await runProgram("sh", ["-c", shell], {
      cwd: root,
      env: { ...machineEnvironment(), HOME: root, NODE: process.execPath, LAUNCHER: launcher },
      timeoutMs: 120_000,
    });
    assert.equal(status, 0, `${tag}\n${output}`);
    return stdout;
  };

  const filesOf = async (holdfast: Holdfast, project: string): Promise<readonly string[]> => {
    const files = await fetchFileList(holdfast.ready.simple, project);
    return files.map(({ filename }) => filename.split("-")[1] ?? "");
  };

  const expectRecovered = async (root: string): Promise<void> => {
    await using holdfast = await startHoldfast({ data: join(root, "srv", "holdfast") });
    assert.deepEqual(await filesOf(holdfast, "victim"), ["1.0"]);
    assert.deepEqual(await filesOf(holdfast, "honest"), ["1.0", "2.0"]);
    await uploadNew(holdfast.ready, { project: "victim", version: "2.0" });
  };

  before(async () => {
    const blocks = guideBlocks(await readFile(guide, "utf8"));
    commands = new Map(blocks.map((block) => [block.tags.join(" "), block.commands]));
    folder = await mkdtemp(join(tmpdir(), "holdfast-recovery-"));
    const root = join(folder, "one");
    const data = join(root, "srv", "holdfast");
    for (const name of ["srv", "backup", "media/stick", "mnt"]) {
      await mkdir(join(root, name), { recursive: true });
    }
    await symlink(data, join(root, "mnt", "holdfast"));
    {
      await using holdfast = await startHoldfast({ data });
      fingerprint = holdfast.ready.rootFingerprint;
      await uploadNew(holdfast.ready, { project: "victim", version: "1.0" });
      await uploadNew(holdfast.ready, { project: "honest", version: "1.0" });
      // While everything runs, as it says.
      await run(root, "copy");
      await uploadNew(holdfast.ready, { project: "victim", version: "6.6" });
      await uploadNew(holdfast.ready, { project: "honest", version: "2.0" });
    }
    const [day = ""] = await readdir(join(root, "backup"));
    await rename(join(root, "backup", day), join(root, "backup", "good"));
    await rename(join(data, "offline"), join(root, "media", "keys"));
    await cp(root, join(folder, "two"), { recursive: true, verbatimSymlinks: true });
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test("step by step", async () => {
    const root = join(folder, "one");
    const said = await run(root, "plan");
    assert.match(said, /victim changed since the copy\n {2}added +victim-6\.6/);
    assert.match(said, /honest changed since the copy/);
    const shown = await run(root, "sign");
    assert.match(shown, /It is complete and can be published/);
    const [, number = ""] = /compare this number before they sign: ([0-9a-f ]+)/.exec(said) ?? [];
    assert.ok(number.length > 64 && shown.includes(number), "the plan shows the same number");
    assert.match(await run(root, "publish"), /victim: victim-6\.6-py3-none-any\.whl sha256:/);
    await run(root, "after");
    await expectRecovered(root);
  });

  test("in one go", async () => {
    const root = join(folder, "two");
    assert.match(await run(root, "whole"), /1 projects were put back, 1 that differ were kept/);
    await expectRecovered(root);
  });
});
