/** What every SignerStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import type { FileBinding } from "./decide-changes.ts";
import type { BinFile, Commit, PageRecord, SignerStore } from "./signer-store.ts";

export type SignerStoreUnderTest = {
  readonly store: SignerStore;
  /** The same storage, as a new process would open it. */
  reopen(): Promise<SignerStore>;
  /** A store on a backup of it. */
  restore(): Promise<SignerStore>;
  close(): Promise<void>;
};

const start = new Date("2026-01-01T00:00:00.123Z");
const later = (minutes: number): Date => new Date(start.getTime() + minutes * 60_000);
const demo = normaliseProjectName("demo");
const other = normaliseProjectName("tender");

function aRole(role: string, version: number, signedAt: Date = start): RoleFile {
  const bytes = formatUtf8(`${role} ${version}`);
  const expires = parseInstant("2027-01-01T00:00:00Z");
  return { role, version, bytes, sha256: sha256Hex(bytes), signedAt, expires };
}

function aBin(role: string, version: number, bin: Partial<BinFile> = {}): BinFile {
  const { bytes, ...file } = aRole(role, version);
  const signatures = new Map([["ab".repeat(32), new Uint8Array([1, 2])]]);
  return { ...file, length: bytes.byteLength, bitLength: 4, serial: 0, signatures, ...bin };
}

function aPage(
  serial: number,
  changed: Readonly<Record<string, string | undefined>>,
  page: Partial<PageRecord> = {},
): PageRecord {
  const project = page.project ?? demo;
  return {
    project,
    serial,
    sha256: sha256Hex(formatUtf8(`${project} ${serial}`)),
    size: serial * 10,
    prefix: pagePrefix(project),
    status: "active",
    changed: Object.entries(changed).map(([filename, entry]) => {
      return {
        filename,
        version: "1.0",
        entry: entry === undefined ? undefined : formatUtf8(entry),
      };
    }),
    ...page,
  };
}

function aBinding(filename: string, binding: Partial<FileBinding> = {}): FileBinding {
  const sha256 = "ab".repeat(32);
  return { filename, project: demo, version: "1.0", sha256, size: 5, lost: false, ...binding };
}

function aCommit(batch: number, commit: Partial<Commit> = {}): Commit {
  const signedAt = later(batch);
  const nothing = { roles: [], bins: [], pages: [], bindings: [], changes: [] };
  return { batch, signedAt, ...nothing, ...commit };
}

const pointers = (pages: readonly { project: string; serial: number }[]): readonly string[] =>
  pages.map(({ project, serial }) => `${project} ${serial}`);

const versions = (roles: Iterable<{ role: string; version: number }>): readonly string[] =>
  [...roles].map(({ role, version }) => `${role} ${version}`).toSorted();

export function testSignerStore(name: string, make: () => Promise<SignerStoreUnderTest>): void {
  const run = (claim: string, body: (under: SignerStoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

  run("is empty at first", async ({ store }) => {
    const state = await store.readState();
    assert.equal(state.roles.size, 0);
    const { batch, projects, publishedBatch, restored, serial, signedAt, versionFloor } = state;
    assert.deepEqual(
      { batch, projects, publishedBatch, restored, serial, signedAt, versionFloor },
      {
        batch: 0,
        projects: 0,
        publishedBatch: 0,
        restored: false,
        serial: 0,
        signedAt: undefined,
        versionFloor: 0,
      },
    );
  });

  run("remembers a batch, over a reopen", async ({ store, reopen }) => {
    const token = await store.takeLease("a", start);
    const role = aRole("timestamp", 1);
    const page = aPage(1, { "demo-1.0.tar.gz": "{1}" });
    const change = { id: "c1", digest: "d1", project: demo, serial: 1 };
    const binding = aBinding("demo-1.0.tar.gz");
    await store.commit(
      token,
      aCommit(1, { roles: [role], pages: [page], bindings: [binding], changes: [change] }),
    );
    for (const opened of [store, await reopen()]) {
      const state = await opened.readState();
      assert.equal(state.batch, 1);
      assert.equal(state.serial, 1);
      assert.equal(state.projects, 1);
      assert.deepEqual(state.signedAt, later(1));
      const { bytes, ...version } = role;
      assert.deepEqual(state.roles.get("timestamp"), { ...version, length: bytes.byteLength });
      assert.deepEqual(new Uint8Array((await opened.readRoleFile("timestamp", 1)) ?? []), bytes);
      assert.equal(await opened.readRoleFile("timestamp", 2), undefined);
      const { project, serial, sha256, size } = page;
      const pointer = { project, serial, sha256, size };
      assert.deepEqual(await opened.readPage(demo), pointer);
      assert.deepEqual(
        await opened.readChanges(["c1", "c2"]),
        new Map([["c1", { id: "c1", digest: "d1", page: pointer }]]),
      );
      assert.deepEqual(
        await opened.readBindings(["demo-1.0.tar.gz", "no"]),
        new Map([["demo-1.0.tar.gz", binding]]),
      );
      const record = await opened.readProject(demo);
      assert.deepEqual(record?.files, [
        { filename: "demo-1.0.tar.gz", version: "1.0", entry: formatUtf8("{1}") },
      ]);
      assert.equal(await opened.readProject(other), undefined);
      assert.equal(await opened.readPage(other), undefined);
    }
  });

  run("keeps every page there ever was", async ({ store }) => {
    const token = await store.takeLease("a", start);
    const reason = { status: "archived", statusReason: "done" } as const;
    await store.commit(token, aCommit(1, { pages: [aPage(1, { b: "{b1}", a: "{a1}" })] }));
    await store.commit(token, aCommit(2, { pages: [aPage(2, { a: undefined, c: "{c2}" })] }));
    await store.commit(token, aCommit(3, { pages: [aPage(3, { b: "{b3}" }, reason)] }));
    const entriesAt = async (serial: number): Promise<readonly string[] | undefined> =>
      (await store.readProjectAt(demo, serial))?.files.map(({ entry }) => parseUtf8(entry));
    assert.deepEqual(await entriesAt(1), ["{a1}", "{b1}"]);
    assert.deepEqual(await entriesAt(2), ["{b1}", "{c2}"]);
    assert.deepEqual(await entriesAt(3), ["{b3}", "{c2}"]);
    assert.equal(await entriesAt(4), undefined);
    const newest = await store.readProject(demo);
    assert.equal(newest?.status, "archived");
    assert.equal(newest.statusReason, "done");
    assert.equal((await store.readProjectAt(demo, 1))?.status, "active");
    const hashes = [1, 2, 3].map((serial) => aPage(serial, {}).sha256);
    assert.deepEqual(await store.readPageHashes(demo), new Set(hashes));
    assert.deepEqual(await store.readPageHashes(other), new Set());
  });

  run("finds pages by place, by serial and by time", async ({ store }) => {
    const token = await store.takeLease("a", start);
    await store.commit(
      token,
      aCommit(1, { pages: [aPage(1, {}), aPage(2, {}, { project: other })] }),
    );
    await store.commit(token, aCommit(2, { pages: [aPage(3, {})] }));
    assert.deepEqual(pointers(await store.readPagesAfter(0, 9, 9)), ["tender 2", "demo 3"]);
    assert.deepEqual(pointers(await store.readPagesAfter(2, 9, 9)), ["demo 3"]);
    assert.deepEqual(pointers(await store.readPagesAfter(0, 2, 9)), ["tender 2"]);
    assert.deepEqual(pointers(await store.readPagesAfter(0, 9, 1)), ["tender 2"]);
    assert.deepEqual(pointers(await store.readPagesSince(later(2), 9)), ["demo 3"]);
    const all = ["demo 1", "tender 2", "demo 3"];
    assert.deepEqual(pointers(await store.readPagesSince(start, 9)), all);
    assert.deepEqual(pointers(await store.readPagesSince(start, 2)), all.slice(1));
    const newest = await store.readPagesByPrefix(0, 2 ** 32 - 1);
    assert.deepEqual(pointers(newest), ["tender 2", "demo 3"]);
    const prefix = pagePrefix(demo);
    assert.deepEqual(pointers(await store.readPagesByPrefix(prefix, prefix)), ["demo 3"]);
    assert.deepEqual(pointers(await store.readPagesByPrefix(prefix + 1, prefix + 1)), []);
    const at = async (serial: number): Promise<readonly string[]> =>
      pointers(await store.readPagesByPrefixAt(0, 2 ** 32 - 1, serial)).toSorted();
    assert.deepEqual(await at(0), []);
    assert.deepEqual(await at(1), ["demo 1"]);
    assert.deepEqual(await at(2), ["demo 1", "tender 2"]);
    assert.deepEqual(await at(9), ["demo 3", "tender 2"]);
    assert.deepEqual(pointers(await store.readPagesByPrefixAt(prefix, prefix, 2)), ["demo 1"]);
    assert.deepEqual(pointers(await store.readPagesByPrefixAt(prefix + 1, prefix + 1, 2)), []);
  });

  run("keeps of bins what their bytes are made again from", async ({ store, reopen }) => {
    const token = await store.takeLease("a", start);
    const old = aBin("bin-a", 5, { serial: 3 });
    const signatures = new Map([...old.signatures, ["cd".repeat(32), new Uint8Array(3)]]);
    const fresh = aBin("bin-a", 6, { bitLength: 9, serial: 70, signatures });
    await store.commit(token, aCommit(1, { bins: [old], roles: [aRole("deny", 1)] }));
    await store.commit(token, aCommit(2, { bins: [fresh] }));
    await assert.rejects(store.commit(token, aCommit(3, { bins: [aBin("bin-a", 6)] })));
    for (const opened of [store, await reopen()]) {
      assert.deepEqual(await opened.readBin("bin-a", 5), old);
      assert.deepEqual(await opened.readBin("bin-a", 6), fresh);
      assert.equal(await opened.readBin("bin-a", 7), undefined);
      assert.equal(await opened.readBin("deny", 1), undefined, "it is kept whole");
      assert.equal(await opened.readRoleFile("bin-a", 6), undefined);
      assert.deepEqual(versions((await opened.readState()).roles.values()), ["bin-a 6", "deny 1"]);
    }
    const replaced = await store.readReplaced(later(3), 9);
    assert.deepEqual(versions(replaced), ["bin-a 5"]);
    await store.forgetRoles(token, replaced);
    assert.equal(await store.readBin("bin-a", 5), undefined);
    assert.deepEqual(await store.readReplaced(later(3), 9), []);
  });

  run("gives a version number once, and knows which files were replaced", async ({ store }) => {
    const token = await store.takeLease("a", start);
    const first = [aRole("snapshot", 1), aRole("root", 1), aRole("bin-0", 1)];
    await store.commit(token, aCommit(1, { roles: first }));
    const second = [aRole("snapshot", 7, later(2)), aRole("root", 2, later(2))];
    await store.commit(token, aCommit(2, { roles: second }));
    for (const version of [7, 6, 1]) {
      const roles = [aRole("deny", 1), aRole("snapshot", version, later(3))];
      await assert.rejects(store.commit(token, aCommit(3, { roles })), `version ${version}`);
    }
    const { roles, batch } = await store.readState();
    assert.equal(batch, 2);
    assert.deepEqual(versions(roles.values()), ["bin-0 1", "root 2", "snapshot 7"]);
    assert.deepEqual(versions(await store.readReplaced(later(3), 9)), ["snapshot 1"]);
    assert.deepEqual(versions(await store.readReplaced(later(2), 9)), []);
    assert.deepEqual(versions(await store.readRolesSince(later(2), 9)), ["root 2", "snapshot 7"]);
    const since = await store.readRolesSince(start, 9);
    const times = since.map(({ signedAt }) => signedAt.getTime());
    assert.deepEqual([times.length, times], [5, times.toSorted((a, b) => a - b)]);
    assert.deepEqual(await store.readRolesSince(start, 2), since.slice(-2));
    await store.forgetRoles(token, [...(await store.readReplaced(later(3), 9)), aRoleVersion()]);
    assert.equal(await store.readRoleFile("snapshot", 1), undefined);
    assert.notEqual(await store.readRoleFile("snapshot", 7), undefined, "the newest stays");
    assert.notEqual(await store.readRoleFile("root", 1), undefined);
    assert.deepEqual(versions((await store.readState()).roles.values()), versions(roles.values()));
  });

  run("commits all of a batch or nothing", async ({ store }) => {
    const token = await store.takeLease("a", start);
    await store.commit(
      token,
      aCommit(1, { bindings: [aBinding("x"), aBinding("l", { lost: true })] }),
    );
    const whole = {
      roles: [aRole("timestamp", 1)],
      pages: [aPage(1, { x: "{}" })],
      changes: [{ id: "c", digest: "d", project: demo, serial: 1 }],
    };
    for (const bindings of [
      [aBinding("new"), aBinding("x", { sha256: "cd".repeat(32) })],
      [aBinding("new"), aBinding("x")],
      [aBinding("new"), aBinding("l", { size: 6 })],
    ]) {
      await assert.rejects(store.commit(token, aCommit(2, { ...whole, bindings })));
    }
    await assert.rejects(store.commit(token, aCommit(3, whole)), "batches have no gaps");
    const state = await store.readState();
    assert.equal(state.batch, 1);
    assert.equal(state.serial, 0);
    assert.equal(state.roles.size, 0);
    assert.equal(await store.readProject(demo), undefined);
    assert.equal((await store.readChanges(["c"])).size, 0);
    assert.equal((await store.readBindings(["new"])).size, 0);
    await store.commit(token, aCommit(2, { ...whole, bindings: [aBinding("l")] }));
    assert.equal((await store.readBindings(["l"])).get("l")?.lost, false, "found again");
    await assert.rejects(store.commit(token, aCommit(3, { changes: whole.changes })), "an id once");
  });

  run("rebinds a name where a good copy says so, and not otherwise", async ({ store }) => {
    const token = await store.takeLease("a", start);
    const forged = aBinding("demo-1.0.tar.gz", { sha256: "cd".repeat(32) });
    const good = aBinding("demo-1.0.tar.gz", { size: 6 });
    await store.commit(token, aCommit(1, { bindings: [forged] }));
    await assert.rejects(store.commit(token, aCommit(2, { bindings: [good] })), /keeps its bytes/);
    const fresh = aBinding("demo-2.0.tar.gz");
    await store.commit(token, aCommit(2, { rebound: [good, fresh] }));
    assert.deepEqual(
      await store.readBindings(["demo-1.0.tar.gz", "demo-2.0.tar.gz"]),
      new Map([
        ["demo-1.0.tar.gz", good],
        ["demo-2.0.tar.gz", fresh],
      ]),
    );
  });

  run("takes nothing from a holder whose lease is gone", async ({ store, reopen }) => {
    const fenced = { code: "signer.fenced" };
    const old = await store.takeLease("a", start);
    await store.commit(old, aCommit(1, { roles: [aRole("timestamp", 1)] }));
    const second = await reopen();
    const token = await second.takeLease("b", later(1));
    assert.ok(token > old);
    let replaced = 0;
    const replace = async (): Promise<void> => void (replaced += 1);
    await assert.rejects(store.commit(old, aCommit(2)), fenced);
    await assert.rejects(store.publish(old, 1, replace), fenced);
    await assert.rejects(store.forgetRoles(old, []), fenced);
    assert.equal(replaced, 0);
    assert.equal((await second.readState()).batch, 1);
    await second.commit(token, aCommit(2));
    await second.publish(token, 2, replace);
    assert.equal(replaced, 1);
    assert.equal((await store.readState()).publishedBatch, 2);
  });

  run("does not take for public what failed on its way", async ({ store }) => {
    const token = await store.takeLease("a", start);
    await store.commit(token, aCommit(1));
    const failure = new Error("the disk is gone");
    const fail = async (): Promise<void> => {
      throw failure;
    };
    await assert.rejects(store.publish(token, 1, fail), failure);
    assert.equal((await store.readState()).publishedBatch, 0);
    await store.publish(token, 1, async () => {});
    assert.equal((await store.readState()).publishedBatch, 1);
  });

  run("knows of a backup that it is one, until it has jumped", async ({ store, restore }) => {
    const token = await store.takeLease("a", start);
    await store.commit(token, aCommit(1, { pages: [aPage(1, { x: "{}" })] }));
    const copy = await restore();
    assert.equal((await store.readState()).restored, false);
    assert.equal((await copy.readState()).restored, true);
    const copyToken = await copy.takeLease("b", start);
    await copy.commit(copyToken, aCommit(2, { versionFloor: 1_000 }));
    const state = await copy.readState();
    assert.equal(state.restored, false);
    assert.equal(state.versionFloor, 1_000);
    assert.equal(state.serial, 1_000);
    assert.equal((await store.readState()).batch, 1, "the original knows nothing of it");
    await copy.commit(copyToken, aCommit(3, { pages: [aPage(1_001, { y: "{}" })] }));
    assert.equal((await copy.readState()).versionFloor, 1_000);
    assert.deepEqual((await copy.readProject(demo))?.files.length, 2);
  });
}

function aRoleVersion(): Omit<RoleFile, "bytes"> & { length: number } {
  const { bytes, ...file } = aRole("snapshot", 7, later(2));
  return { ...file, length: bytes.byteLength };
}
