/** The real command line, against an index on memory behind a real socket. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { buildWheel } from "#world/distributions.ts";
import { aLocalFile, createIndexWorld, uploadParts, type IndexWorld } from "#world/index-world.ts";

type Run = { readonly code: number | null; readonly out: string; readonly err: string };

type Desk = {
  readonly world: IndexWorld;
  run(...args: readonly string[]): Promise<Run>;
};

const wheel = buildWheel({ name: "demo", version: "1.0" });

async function aDesk(t: TestContext): Promise<Desk> {
  const data = await mkdtemp(join(tmpdir(), "holdfast-admin-"));
  await mkdir(join(data, "run"));
  const world = await createIndexWorld();
  const door = createServer(world.index.handleAdmin);
  door.listen(join(data, "run", "index-admin.sock"));
  await once(door, "listening");
  t.after(async () => {
    door.closeAllConnections();
    door.close();
    await world.close();
    await rm(data, { recursive: true });
  });
  await world.upload(uploadParts("demo", "1.0", wheel));
  return { world, run: (...args) => runAdmin(["admin", ...args, "--data", data]) };
}

async function runAdmin(args: readonly string[]): Promise<Run> {
  const script = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const read = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (read.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (read.err += text));
  const [code] = await once(child, "close");
  return { code: Number(code), ...read };
}

test("tokens are made, listed without their secrets, and revoked", async (t) => {
  const { run } = await aDesk(t);
  const made = await run(
    "token",
    "create",
    "--label",
    "ci",
    "--allow",
    "upload",
    "--project",
    "Demo",
    "--expires",
    "90d",
  );
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /^hf_[A-Za-z0-9_-]{43}\n$/);
  const listed = await run("token", "list", "--json");
  const token = JSON.parse(listed.out).at(-1);
  assert.equal(token.label, "ci");
  assert.deepEqual(token.projects, ["demo"]);
  assert.equal(token.expiresAt.length, 24);
  assert.ok(!listed.out.includes(made.out.trim()));
  assert.equal((await run("token", "revoke", token.id)).code, 0);
  const left = await run("token", "list");
  assert.ok(!left.out.includes(token.id) && left.out.includes("first token"));
  assert.match((await run("token", "list", "--all")).out, new RegExp(`${token.id}.*revoked`));
});

test("projects are shown and managed", async (t) => {
  const { run, world } = await aDesk(t);
  assert.match((await run("project", "list")).out, /demo +active/);
  assert.match((await run("project", "show", "demo")).out, /demo-1\.0-py3-none-any\.whl/);
  const yank = await run("project", "yank", "demo", "--version", "1.0", "--reason", "broken");
  assert.equal(yank.out, `Yanked: ${wheel.filename}\n`);
  assert.equal((await world.releases.findFile(wheel.filename))?.yanked, "broken");
  await run("account", "create", "bob");
  assert.match((await run("project", "add-member", "demo", "bob")).out, /bob +maintainer/);
  assert.ok(!(await run("project", "remove-member", "demo", "bob")).out.includes("bob"));
  assert.equal(
    (await run("project", "delete", "demo", "--file", wheel.filename, "--purge")).code,
    0,
  );
  assert.equal(world.files.kept.size, 0);
});

test("an import reports what it did, and its exit code whether all went well", async (t) => {
  const { run, world } = await aDesk(t);
  const next = buildWheel({ name: "next", version: "1.0" });
  world.folders.set("/wheels", [
    aLocalFile(next.filename, next.bytes),
    aLocalFile("bad-1.0.zip", Buffer.from("x")),
  ]);
  const first = await run("import", "/wheels");
  assert.equal(first.code, 1);
  assert.match(first.out, /1 imported, 0 there already, 1 refused\./);
  assert.match(first.out, /refused {2}bad-1\.0\.zip: .*\[archive\./);
  world.folders.set("/wheels", [aLocalFile(next.filename, next.bytes)]);
  const again = await run("import", "/wheels", "--json");
  assert.equal(again.code, 0);
  assert.deepEqual(JSON.parse(again.out), {
    imported: 0,
    present: 1,
    refused: 0,
    refusedFiles: [],
  });
});

test("backup and status speak for people and for scripts", async (t) => {
  const { run } = await aDesk(t);
  assert.match((await run("backup", "/copy")).out, /Backed up to \/copy: 2 databases, 1 file\./);
  assert.match((await run("status")).out, /holds +1 project, 1 file, /);
  assert.equal(JSON.parse((await run("status", "--json")).out).catalogue.files, 1);
});

test("every end has its exit code, and says what was wrong", async (t) => {
  const { run } = await aDesk(t);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--help"], 0, /^$/],
    [["nope"], 64, /unknown command 'nope'/],
    [["token", "create", "--allow", "everything"], 64, /Allowed choices are/],
    [["token", "create", "--expires", "soon"], 64, /length of time/],
    [["token", "create", "--expires", "0d"], 64, /good for nothing/],
    [["token", "create", "--project", "b@d"], 64, /\[project-name\.invalid\]/],
    [["token", "create", "--label", "a".repeat(101)], 64, /label: at most 100 characters/],
    [["account", "create", "not a name"], 64, /\[request\.invalid\]/],
    [["project", "yank", "demo"], 64, /--file.*--version/],
    [["project", "yank", "demo", "--version", "x.y"], 64, /\[version\.invalid\]/],
    [["project", "yank", "demo", "--version", "9"], 1, /\[file\.unknown\]/],
    [["import", "/nowhere"], 73, /\[folder\.unusable\]/],
    [["token", "revoke", "none"], 1, /\[token\.unknown\]/],
    [["account", "create", "admin"], 1, /\[account\.exists\]/],
    [["project", "show", "nope"], 1, /\[project\.unknown\]/],
  ];
  for (const [args, code, said] of cases) {
    const answer = await run(...args);
    assert.equal(answer.code, code, args.join(" "));
    assert.match(answer.err, said);
  }
  const nobody = await runAdmin(["admin", "status", "--data", "/nowhere"]);
  assert.equal(nobody.code, 69);
  assert.match(nobody.err, /no index is running on this data folder/);
});
