import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { PageFile } from "#formats/python/simple-page.ts";
import { findCopiedTree, openCopiedFolder } from "./copied-tree.ts";
import { openFileBringer, openFileCopies } from "./file-copies.ts";
import { storedFilePath, storedMetadataPath } from "./file-store.ts";

const demo = normaliseProjectName("demo");
const bytes = formatUtf8("the wheel");
const metadata = formatUtf8("Name: demo");
const file: PageFile = {
  filename: "demo-1.0-py3-none-any.whl",
  url: "",
  sha256: sha256Hex(bytes),
  size: bytes.byteLength,
  uploadTime: "2026-01-01T00:00:00Z",
  yanked: false,
  coreMetadata: sha256Hex(metadata),
  version: "1.0",
};

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-copies-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Of every open file in this process. */
function prototypeOf(handle: FileHandle): FileHandle {
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  return prototype;
}

const layouts = {
  "a store by hash": (root: string) => storedFilePath(root, file.sha256),
  "a mirror of addresses": (root: string) => join(root, demo, file.sha256, file.filename),
};

test("a link is not followed, wherever it leads", async (t) => {
  const [root, store] = [await aFolder(t), await aFolder(t)];
  const { coreMetadata: _, ...sdist } = file;
  const elsewhere = join(await aFolder(t), "whole");
  await put(elsewhere, bytes);
  const path = storedFilePath(root, file.sha256);
  await mkdir(dirname(path), { recursive: true });
  await symlink(elsewhere, path);
  assert.equal(await openFileCopies(root).look(demo, sdist), "damaged");
  assert.equal(await openFileBringer(root, store).bring(demo, sdist), "missing");
  assert.equal(await openFileCopies(store).look(demo, sdist), "missing");
});

for (const [name, pathIn] of Object.entries(layouts)) {
  test(`${name}: a file is whole only with its bytes and its metadata`, async (t) => {
    const root = await aFolder(t);
    const copies = openFileCopies(root);
    assert.equal(await copies.look(demo, file), "missing");
    await put(pathIn(root), bytes);
    assert.equal(await copies.look(demo, file), "missing");
    const { coreMetadata: _, ...sdist } = file;
    assert.equal(await copies.look(demo, sdist), "whole");
    await put(`${pathIn(root)}.metadata`, metadata);
    assert.equal(await copies.look(demo, file), "whole");
    await put(pathIn(root), formatUtf8("another wh"));
    assert.equal(await copies.look(demo, file), "damaged");
    await put(pathIn(root), formatUtf8("the whee!"));
    assert.equal(await copies.look(demo, file), "damaged");
  });

  test(`${name}: what is brought is what the page says, or nothing`, async (t) => {
    const [copy, store] = [await aFolder(t), await aFolder(t)];
    const bringer = openFileBringer(copy, store);
    await put(pathIn(copy), formatUtf8("the whee!"));
    await put(`${pathIn(copy)}.metadata`, metadata);
    assert.equal(await bringer.bring(demo, file), "missing");
    assert.equal(await openFileCopies(store).look(demo, file), "missing");
    await put(pathIn(copy), bytes);
    assert.equal(await bringer.bring(demo, file), "brought");
    assert.deepEqual(new Uint8Array(await readFile(storedFilePath(store, file.sha256))), bytes);
    const held = await readFile(storedMetadataPath(store, file.sha256));
    assert.deepEqual(new Uint8Array(held), metadata);
    const shard = dirname(storedFilePath(store, file.sha256));
    assert.equal((await readdir(shard)).length, 2, "no draft is left");
  });
}

test("a copy that changes between the look and the copying is not brought", async (t) => {
  const [copy, store] = [await aFolder(t), await aFolder(t)];
  const { coreMetadata: _, ...sdist } = file;
  // More than is read at once: what comes after the first part is another's when it is read again.
  const large = new Uint8Array(2 * 1024 * 1024 + 1).fill(7);
  const page = { ...sdist, sha256: sha256Hex(large), size: large.byteLength };
  const path = storedFilePath(copy, page.sha256);
  await put(path, large);
  const honest = await aFolder(t);
  assert.equal(await openFileBringer(copy, honest).bring(demo, page), "brought");
  const handle = await open(path);
  const writing = t.mock.method(prototypeOf(handle), "writeFile", () => {
    writing.mock.restore();
    const changed = openSync(path, "r+");
    writeSync(changed, formatUtf8("x"), 0, 1, large.byteLength - 1);
    closeSync(changed);
    return Promise.resolve();
  });
  await handle.close();
  await assert.rejects(openFileBringer(copy, store).bring(demo, page), /changed while it was read/);
  assert.equal(writing.mock.callCount(), 1);
  assert.equal(await openFileCopies(store).look(demo, page), "missing");
  assert.deepEqual(await readdir(dirname(storedFilePath(store, page.sha256))), []);
});

test("links in a copy lead nowhere", async (t) => {
  const root = await aFolder(t);
  const secret = join(root, "secret");
  await put(secret, bytes);
  const { coreMetadata: _, ...sdist } = file;
  await mkdir(join(root, "files", demo, file.sha256), { recursive: true });
  await symlink(secret, layouts["a mirror of addresses"](join(root, "files")));
  assert.equal(await openFileCopies(join(root, "files")).look(demo, sdist), "damaged");
  await mkdir(join(root, "public", "tuf"), { recursive: true });
  await symlink("/dev/zero", join(root, "public", "tuf", "timestamp.json"));
  const tree = openCopiedFolder(findCopiedTree(root));
  assert.equal(await tree.readSize("tuf/timestamp.json"), undefined);
  assert.equal(await tree.read("tuf/timestamp.json", 100_000), undefined);
  await put(join(root, "public", "tuf", "1.root.json"), bytes);
  assert.deepEqual(await tree.read("tuf/1.root.json", 100_000), bytes);
  await assert.rejects(async () => findCopiedTree(join(root, "files")), { code: "recovery.copy" });
  await assert.rejects(tree.read("../secret", 100_000), /inside the tree/);
});
