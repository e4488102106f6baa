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
import type { TufRepository } from "#clients/tuf-clients.ts";
import { openTufSessions, tufJudgeNames } from "#clients/tuf-sessions.ts";
import type { TufSession } from "#clients/tuf-sessions.ts";

describe("TUF clients", () => {
  let folder: string;
  let holdfast: Holdfast;
  let repository: TufRepository;
  let sessions: readonly TufSession[];

  before(async () => {
    sessions = await openTufSessions();
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
    for (const session of sessions ?? []) session.close();
    await holdfast?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const judge = async (client: TufSession): Promise<void> => {
    const state = join(folder, client.name);
    await mkdir(state);
    await expectPages(client, state, ["anchor", "buoy", "capstan"]);
    await uploadNew(holdfast.ready, {
      project: "anchor",
      version: `2.0+${client.name.replace("-", ".")}`,
    });
    await expectPages(client, state, ["anchor", "buoy"]);
  };

  /** What the client verified is what the index serves now. */
  const expectPages = async (
    client: TufSession,
    state: string,
    projects: readonly string[],
  ): Promise<void> => {
    const expected = new Map<string, string | undefined>();
    for (const project of projects) {
      const page = await fetchPage(holdfast.ready.simple, project);
      expected.set(`simple/${project}/index.json`, sha256Hex(page));
    }
    expected.set("simple/never-uploaded/index.json", undefined);
    const answer = await client.ask({ ...repository, state, names: [...expected.keys()] });
    assert.deepEqual(answer, { kind: "pages", pages: expected });
  };

  for (const name of tufJudgeNames) {
    test(`${name} fetches and verifies every page`, async (t) => {
      const client = sessions.find((session) => session.name === name);
      if (client === undefined) {
        t.skip("there is no Go that is new enough, so go-tuf did not judge the repository");
        return;
      }
      await judge(client);
    });
  }
});
