import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createLocalFolders } from "./local-folders.ts";
import { createSecretFile } from "./secret-file.ts";

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-local-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

const folders = createLocalFolders(async (path) => writeFile(path, "copy"));

test("listFiles() finds files at any depth, links to files too, and reads them", async (t) => {
  const folder = await aFolder(t);
  await mkdir(join(folder, "b", "c"), { recursive: true });
  await writeFile(join(folder, "b", "c", "x.whl"), "deep");
  await writeFile(join(folder, "a.whl"), "");
  await symlink(join(folder, "a.whl"), join(folder, "link.whl"));
  await symlink(join(folder, "nowhere"), join(folder, "dangling.whl"));
  await symlink(folder, join(folder, "b", "loop"));
  const files = await folders.listFiles(folder);
  assert.deepEqual(
    files.map(({ filename, path, size }) => [path, filename, size]),
    [
      ["a.whl", "a.whl", 0],
      ["b/c/x.whl", "x.whl", 4],
      ["link.whl", "link.whl", 0],
    ],
  );
  let text = "";
  for await (const chunk of files[1]?.stream() ?? []) text += Buffer.from(chunk).toString();
  assert.equal(text, "deep");
});

test("folders that cannot be used are refused in words for their operator", async (t) => {
  const folder = await aFolder(t);
  const unusable = { code: "folder.unusable" };
  await assert.rejects(folders.listFiles("relative"), { code: "request.invalid" });
  await assert.rejects(folders.listFiles(join(folder, "none")), unusable);
  await folders.makeEmpty(join(folder, "new", "one"), "pass");
  await folders.makeEmpty(join(folder, "shared"), "share");
  const mode = async (name: string): Promise<number> =>
    (await stat(join(folder, name))).mode & 0o777;
  assert.deepEqual([await mode("new/one"), await mode("shared")], [0o750, 0o770]);
  await folders.writeText(join(folder, "new", "one"), "a.json", "{}");
  await assert.rejects(folders.makeEmpty(join(folder, "new", "one"), "pass"), unusable);
  await assert.rejects(folders.makeBelow(join(folder, "none"), "signer"), unusable);
  await folders.backupDatabase(join(folder, "copy"));
  assert.equal(await readFile(join(folder, "copy", "index.sqlite"), "utf8"), "copy");
});

test("a folder below another is as open as that one", async (t) => {
  const folder = await aFolder(t);
  for (const mode of [0o700, 0o770, 0o2770]) {
    const parent = join(folder, mode.toString(8));
    await mkdir(parent);
    await chmod(parent, mode);
    const path = await folders.makeBelow(parent, "signer");
    assert.equal(path, join(parent, "signer"));
    assert.equal((await stat(path)).mode & 0o7777, mode);
  }
});

test("a secret file is its owner's alone, replaced whole, and gone when removed", async (t) => {
  const path = join(await aFolder(t), "deep", "secret");
  const secret = createSecretFile(path);
  assert.equal(await secret.read(), undefined);
  await secret.write("one");
  await secret.write("two");
  assert.equal(await secret.read(), "two");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await secret.remove();
  await secret.remove();
  assert.equal(await secret.read(), undefined);
});
