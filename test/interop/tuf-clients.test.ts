/**
 * Our repository judged by other implementations of TUF: given 1.root.json and the two addresses of the ready file, they
 * fetch and verify the page of any project, before and after it changed.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { fetchBytes, fetchPage } from "#clients/plain-client.ts";
import { uploadNew } from "#clients/uploading.ts";
import { openGoTuf, openPythonTuf } from "#clients/tuf-clients.ts";
import type { TufClient, TufRepository } from "#clients/tuf-clients.ts";

describe("TUF clients", () => {
  let folder: string;
  let holdfast: Holdfast;
  let repository: TufRepository;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-interop-"));
    holdfast = await startHoldfast();
    const { metadata, targets, rootFingerprint } = holdfast.ready;
    const rootBytes = await fetchBytes(new URL("1.root.json", metadata));
    assert.equal(`sha256:${sha256Hex(rootBytes)}`, rootFingerprint);
    const root = join(folder, "1.root.json");
    await writeFile(root, rootBytes);
    repository = { root, metadata, targets };
    for (const project of ["anchor", "buoy", "capstan"]) {
      await uploadNew(holdfast.ready, { project, version: "1.0" });
    }
  });

  after(async () => {
    await holdfast?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const judge = async (client: TufClient, name: string): Promise<void> => {
    const state = join(folder, name);
    await mkdir(state);
    await expectPages(client, state, ["anchor", "buoy", "capstan"]);
    await uploadNew(holdfast.ready, {
      project: "anchor",
      version: `2.0+${name.replace("-", ".")}`,
    });
    await expectPages(client, state, ["anchor", "buoy"]);
  };

  /** What the client verified is what the index serves now. */
  const expectPages = async (
    client: TufClient,
    state: string,
    projects: readonly string[],
  ): Promise<void> => {
    const expected: string[] = [];
    for (const project of projects) {
      const page = await fetchPage(holdfast.ready.simple, project);
      expected.push(`${sha256Hex(page)} simple/${project}/index.json`);
    }
    const names = [...projects, "never-uploaded"].map((name) => `simple/${name}/index.json`);
    const run = await client(state, repository, names);
    assert.equal(run.status, 0, run.output);
    assert.deepEqual(run.stdout.trim().split("\n"), [
      ...expected,
      "absent simple/never-uploaded/index.json",
    ]);
  };

  test("python-tuf fetches and verifies every page", async () => {
    await judge(await openPythonTuf(), "python-tuf");
  });

  test("go-tuf fetches and verifies every page", async (t) => {
    const client = await openGoTuf();
    if (client === undefined) {
      t.skip("there is no Go that is new enough, so go-tuf did not judge the repository");
      return;
    }
    await judge(client, "go-tuf");
  });
});
