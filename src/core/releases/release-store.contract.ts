/** What every ReleaseStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { AddFile, ChangeResult, PagePointer } from "#formats/door/change.ts";
import { normaliseProjectName, type ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, type Page, type PageFile } from "#formats/python/simple-page.ts";
import { acceptChange } from "./accept-change.ts";
import { acceptUpload } from "./accept-upload.ts";
import type { FileEntry } from "./catalogue.ts";
import type { NewUpload, ReleaseStore } from "./release-store.ts";

export type ReleaseStoreUnderTest = {
  readonly accounts: AccountStore;
  readonly store: ReleaseStore;
  close(): Promise<void>;
};

const at: Date = new Date("2026-01-02T03:04:05.678Z");
const demo: ProjectName = normaliseProjectName("demo");

export function testReleaseStore(name: string, make: () => Promise<ReleaseStoreUnderTest>): void {
  const run = (claim: string, body: (under: ReleaseStoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const under = await make();
      try {
        for (const account of ["alice", "bob"]) {
          await under.accounts.createAccount({ id: `${account}-id`, name: account, createdAt: at });
        }
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

  run("recordUpload() makes project, owner, file and change in one go", async ({ store }) => {
    assert.equal((await upload(store, "demo-1.0.tar.gz")).kind, "publish");
    assert.deepEqual(await store.findProject(demo), {
      name: demo,
      status: "active",
      createdAt: at,
    });
    assert.deepEqual(await store.readMembers(demo), [
      { accountId: "alice-id", accountName: "alice", role: "owner" },
    ]);
    assert.deepEqual(await store.findFile("demo-1.0.tar.gz"), aFile("demo-1.0.tar.gz"));
    assert.deepEqual(
      (await store.readOutbox()).map(({ change, purge }) => [change.id, purge]),
      [["change:demo-1.0.tar.gz", false]],
    );
    assert.deepEqual(await store.readOfferedNames(), []);
  });

  run("recordUpload() changes nothing when the rule throws or nothing is new", async (under) => {
    const { store } = under;
    await upload(store, "demo-1.0.tar.gz");
    await assert.rejects(upload(store, "demo-2.0.tar.gz", { accountId: "bob-id" }), {
      code: "auth.forbidden",
    });
    await assert.rejects(upload(store, "demo-1.0.tar.gz", { sha256: "cd".repeat(32) }), {
      code: "upload.filename-reused",
    });
    const again = await upload(store, "demo-1.0.tar.gz", {}, "other-id");
    assert.deepEqual(again, { kind: "join", changeId: "change:demo-1.0.tar.gz" });
    assert.equal((await store.readFiles(demo)).length, 1);
    assert.equal((await store.readOutbox()).length, 1);
  });

  run("recordResult() publishes once; pages only move on", async ({ store }) => {
    await upload(store, "demo-1.0.tar.gz");
    await upload(store, "demo-2.0.tar.gz");
    const second = await store.recordResult(published("demo-2.0.tar.gz", 9), at);
    assert.deepEqual(second?.page, pointer(9));
    const first = await store.recordResult(published("demo-1.0.tar.gz", 8), at);
    assert.equal(first?.outcome.kind, "published");
    assert.equal(first?.page, undefined);
    assert.equal(await store.recordResult(published("demo-1.0.tar.gz", 8), at), undefined);
    assert.equal(await store.recordResult(published("unknown", 10), at), undefined);
    assert.deepEqual(await store.findPage(demo), pointer(9));
    assert.deepEqual(await store.readOfferedNames(), [demo]);
    assert.deepEqual(await store.countCatalogue(), { projects: 1, files: 2, size: 200 });
    assert.deepEqual(await store.readOutbox(), []);
    assert.deepEqual((await store.findChange("change:demo-1.0.tar.gz"))?.outcome, {
      kind: "published",
    });
    assert.deepEqual(await upload(store, "demo-1.0.tar.gz", {}, "x"), { kind: "published" });
  });

  run("recordResult() forgets a refused file, and a project that was only it", async (under) => {
    const { store } = under;
    await upload(store, "demo-1.0.tar.gz");
    const applied = await store.recordResult(refused("demo-1.0.tar.gz"), at);
    assert.deepEqual(applied?.unneeded, [aFile("demo-1.0.tar.gz").sha256]);
    assert.equal(await store.findFile("demo-1.0.tar.gz"), undefined);
    assert.equal(await store.findProject(demo), undefined);
    assert.deepEqual((await store.findChange("change:demo-1.0.tar.gz"))?.outcome, {
      kind: "refused",
      code: "limit.files",
      message: "no",
    });
    await upload(store, "demo-1.0.tar.gz", { accountId: "bob-id" }, "second");
    assert.equal((await store.readMembers(demo))[0]?.accountName, "bob");
  });

  run("yank, removal and status follow the signer's answers", async ({ store }) => {
    await upload(store, "demo-1.0.tar.gz");
    const yank = {
      kind: "yank-file",
      id: "y",
      project: demo,
      filename: "demo-1.0.tar.gz",
    } as const;
    const record = (change: Parameters<ReleaseStore["recordChange"]>[0]["change"], purge = false) =>
      store.recordChange({ change, purge, at }, (state) => acceptChange(state, change));
    await assert.rejects(record({ ...yank, yanked: true }), { code: "file.unknown" });
    await store.recordResult(published("demo-1.0.tar.gz", 1), at);
    await record({ ...yank, yanked: "broken" });
    assert.equal((await store.findFile(yank.filename))?.yanked, false);
    await store.recordResult({ id: "y", outcome: "published", page: pointer(2) }, at);
    assert.equal((await store.findFile(yank.filename))?.yanked, "broken");
    const status = { kind: "set-status", id: "s", project: demo, status: "archived" } as const;
    await record({ ...status, reason: "done" });
    await store.recordResult({ id: "s", outcome: "published", page: pointer(3) }, at);
    assert.equal((await store.findProject(demo))?.statusReason, "done");
    await record({ kind: "remove-file", id: "r", project: demo, filename: yank.filename }, true);
    const applied = await store.recordResult(
      { id: "r", outcome: "published", page: pointer(4) },
      at,
    );
    assert.deepEqual(applied?.unneeded, [aFile(yank.filename).sha256]);
    assert.equal((await store.findFile(yank.filename))?.state, "purged");
    await assert.rejects(upload(store, yank.filename, {}, "again"), {
      code: "upload.filename-deleted",
    });
  });

  run("a purged file's bytes are needed while another name has them", async ({ store }) => {
    const sha256 = "ee".repeat(32);
    await upload(store, "demo-1.0.tar.gz", { sha256 });
    await upload(store, "demo-1.0.zip", { sha256 });
    await store.recordResult(published("demo-1.0.tar.gz", 1), at);
    await store.recordResult(published("demo-1.0.zip", 2), at);
    for (const [index, filename] of ["demo-1.0.tar.gz", "demo-1.0.zip"].entries()) {
      const change = { kind: "remove-file", id: filename, project: demo, filename } as const;
      await store.recordChange({ change, purge: true, at }, () => {});
      const applied = await store.recordResult(
        { id: filename, outcome: "published", page: pointer(3 + index) },
        at,
      );
      assert.deepEqual(applied?.unneeded, index === 0 ? [] : [sha256]);
    }
    assert.deepEqual(await store.readNeededHashes([sha256]), new Set());
  });

  run("sweepOutbox() forgets old answers and nothing that is unanswered", async ({ store }) => {
    await upload(store, "demo-1.0.tar.gz");
    await upload(store, "demo-2.0.tar.gz");
    await store.recordResult(published("demo-1.0.tar.gz", 1), at);
    await store.sweepOutbox(at);
    assert.notEqual(await store.findChange("change:demo-1.0.tar.gz"), undefined);
    await store.sweepOutbox(new Date(at.getTime() + 1));
    assert.equal(await store.findChange("change:demo-1.0.tar.gz"), undefined);
    assert.equal((await store.readOutbox()).length, 1);
  });

  run("adoptPage() takes over what the page says, once", async ({ store }) => {
    await upload(store, "demo-1.0.tar.gz");
    await upload(store, "demo-2.0.tar.gz");
    await upload(store, "demo-3.0.tar.gz");
    await store.recordResult(published("demo-1.0.tar.gz", 1), at);
    const page: Page = {
      name: demo,
      status: "archived",
      versions: ["2.0", "4.0"],
      files: [{ ...aPageFile("demo-2.0.tar.gz"), yanked: true }, aPageFile("demo-4.0.tar.gz")],
    };
    assert.equal(await store.adoptPage(page, pointer(7), at), true);
    assert.equal(await store.adoptPage({ ...page, status: "active" }, pointer(7), at), false);
    const states = (await store.readFiles(demo)).map((file) => [file.version, file.state]);
    assert.deepEqual(states, [
      ["1.0", "deleted"],
      ["2.0", "published"],
      ["3.0", "pending"],
      ["4.0", "published"],
    ]);
    assert.equal((await store.findFile("demo-2.0.tar.gz"))?.yanked, true);
    assert.equal((await store.findFile("demo-2.0.tar.gz"))?.blake2b256, "12".repeat(32));
    assert.equal((await store.findProject(demo))?.status, "archived");
    assert.deepEqual(await store.findPage(demo), pointer(7));
  });

  run("readProjects() pages through names and searches them", async ({ store }) => {
    for (const project of ["zope", "alpha", "alphabet", "beta"]) {
      await upload(store, `${project}-1.0.tar.gz`, { project: normaliseProjectName(project) });
    }
    const names = async (query: Parameters<ReleaseStore["readProjects"]>[0]) =>
      (await store.readProjects(query)).map(({ name: project }) => project);
    assert.deepEqual(await names({ limit: 3 }), ["alpha", "alphabet", "beta"]);
    assert.deepEqual(await names({ limit: 3, after: normaliseProjectName("alphabet") }), [
      "beta",
      "zope",
    ]);
    assert.deepEqual(await names({ limit: 3, search: "et" }), ["alphabet", "beta"]);
  });

  run("writeMember() adds, changes and removes", async ({ store }) => {
    await upload(store, "demo-1.0.tar.gz");
    await store.writeMember(demo, "bob", "maintainer");
    await store.writeMember(demo, "bob", "owner");
    await store.writeMember(demo, "alice", undefined);
    const members = await store.readMembers(demo);
    assert.deepEqual(members, [{ accountId: "bob-id", accountName: "bob", role: "owner" }]);
    await assert.rejects(store.writeMember(demo, "carol", "owner"), { code: "account.unknown" });
    await assert.rejects(store.writeMember(normaliseProjectName("nope"), "bob", "owner"), {
      code: "project.unknown",
    });
  });

  run("the pages cursor is kept", async ({ store }) => {
    assert.equal(await store.readPagesCursor(), 0);
    await store.writePagesCursor(12);
    await store.writePagesCursor(13);
    assert.equal(await store.readPagesCursor(), 13);
  });
}

function aFile(filename: string, change: Partial<FileEntry> = {}): FileEntry {
  const version = /-([0-9.]+)(?:\.tar\.gz|\.zip)$/.exec(filename)?.[1] ?? "1.0";
  return {
    filename,
    project: demo,
    version,
    kind: "sdist",
    sha256: Buffer.from(filename).toString("hex").padEnd(64, "0").slice(0, 64),
    blake2b256: "12".repeat(32),
    md5: "34".repeat(16),
    size: 100,
    uploadTime: "2026-01-02T03:04:05.678000Z",
    requiresPython: ">=3.8",
    summary: "A demonstration",
    yanked: false,
    state: "pending",
    uploadedBy: "alice-id",
    ...change,
  };
}

function aPageFile(filename: string): PageFile {
  const { version, sha256, size, uploadTime } = aFile(filename);
  const url = fileUrl(demo, sha256, filename);
  return { filename, url, sha256, size, uploadTime, yanked: false, version };
}

function upload(
  store: ReleaseStore,
  filename: string,
  change: { accountId?: string; sha256?: string; project?: ProjectName } = {},
  id: string = `change:${filename}`,
): ReturnType<ReleaseStore["recordUpload"]> {
  const { accountId = "alice-id", ...fields } = change;
  const file = aFile(filename, fields);
  const { project, version, sha256, size, uploadTime } = file;
  const offer: AddFile = {
    kind: "add-file",
    id,
    project,
    filename,
    version,
    sha256,
    size,
    uploadTime,
  };
  const entry: NewUpload = { file, accountId, at };
  return store.recordUpload(entry, (state) =>
    acceptUpload(state, offer, accountId.replace("-id", "")),
  );
}

function pointer(serial: number): PagePointer {
  return { project: demo, sha256: "ab".repeat(32), size: 10, serial };
}

function published(filename: string, serial: number): ChangeResult {
  return { id: `change:${filename}`, outcome: "published", page: pointer(serial) };
}

function refused(filename: string): ChangeResult {
  return { id: `change:${filename}`, outcome: "refused", code: "limit.files", message: "no" };
}
