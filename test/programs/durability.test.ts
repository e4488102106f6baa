/** What the file store asks the disk to make durable, seen from outside: the system calls of a program that keeps files. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const options = { env: machineEnvironment(), cwd: projectRoot, timeoutMs: 60_000 };
const program = join(dirname(fileURLToPath(import.meta.url)), "keeping-files.ts");

const probe = await runProgram("strace", ["-V"], options).catch(() => undefined);
const isThere = probe?.status === 0;
if (!isThere) assert.equal(process.env["CI"] ?? "", "", "strace is required where CI is set");
const skip = isThere ? false : "SKIPPED: strace is not installed";

const small = 100;
const large = 2_000_000;
const nameIn = (shard: string, digit: string): string => `${shard}${digit.repeat(62)}`;

type Call = {
  readonly kind: "rename" | "sync";
  /** The file or folder that is synced, or renamed to, below the store's folder. */
  readonly path: string;
};

/** The calls, in the order they began, of a program that keeps these files in a store with these shards. */
async function watchKeeping(
  shards: readonly string[],
  files: readonly (readonly [sha256: string, size: number])[],
): Promise<readonly Call[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "holdfast-syncs-")));
  try {
    const root = join(folder, "files");
    for (const shard of shards) await mkdir(join(root, shard), { recursive: true });
    const log = join(folder, "calls");
    await runToSuccess(
      "strace",
      [
        ...["-f", "-y", "-s", "4096", "-e", "trace=fsync,fdatasync,/^rename", "-o", log],
        ...[process.execPath, program, root, ...files.map((file) => file.join(":"))],
      ],
      options,
    );
    return (await readFile(log, "utf8")).split("\n").flatMap((line) => callOf(line, root));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function callOf(line: string, root: string): readonly Call[] {
  const synced = /\bf(?:data)?sync\(\d+<([^>]+)>/.exec(line)?.[1];
  if (synced !== undefined) return [{ kind: "sync", path: relative(root, synced) }];
  const renamed = /\brename\w*\(.*"([^"]+)"/.exec(line)?.[1];
  return renamed === undefined ? [] : [{ kind: "rename", path: relative(root, renamed) }];
}

function syncedPaths(calls: readonly Call[]): readonly string[] {
  return calls.flatMap(({ kind, path }) => (kind === "sync" ? [path] : [])).toSorted();
}

/** The store's own folder. */
const root = "";

describe("what a kept file has synced", { skip }, () => {
  test("a small file: itself, its metadata, its folder, and the root once per folder", async () => {
    const names = [nameIn("aa", "1"), nameIn("aa", "2"), nameIn("bb", "3"), nameIn("dd", "4")];
    // A shard that was there may have been made by a process that did not come to sync it.
    const calls = await watchKeeping(
      ["dd"],
      names.map((name) => [name, small]),
    );
    const own = names.flatMap((name) => {
      const shard = name.slice(0, 2);
      return [shard, join(shard, name), join(shard, `${name}.metadata`)];
    });
    assert.deepEqual(syncedPaths(calls), [root, root, root, ...own].toSorted());
  });

  test("a large file: the drafts before they get their names, its folder after", async () => {
    const names = [nameIn("aa", "1"), nameIn("aa", "2"), nameIn("bb", "3"), nameIn("dd", "4")];
    const calls = await watchKeeping(
      ["dd"],
      names.map((name) => [name, large]),
    );
    const own = names.flatMap((name, at) => {
      const draft = join(".incoming", `0${at + 1}`.repeat(16));
      return [name.slice(0, 2), draft, `${draft}.metadata`];
    });
    assert.deepEqual(syncedPaths(calls), [root, root, root, ...own].toSorted());
    for (const [at, name] of names.entries()) {
      const shard = name.slice(0, 2);
      const draft = join(".incoming", `0${at + 1}`.repeat(16));
      const find = (kind: Call["kind"], path: string, from = 0): number =>
        calls.findIndex((call, index) => index >= from && call.kind === kind && call.path === path);
      const metadataNamed = find("rename", join(shard, `${name}.metadata`));
      const named = find("rename", join(shard, name));
      assert.ok(metadataNamed !== -1 && metadataNamed < named, "the metadata first");
      assert.ok(find("sync", `${draft}.metadata`) < metadataNamed);
      assert.ok(find("sync", draft) < metadataNamed);
      assert.ok(find("sync", shard, named) > named, "its name is durable");
    }
  });
});
