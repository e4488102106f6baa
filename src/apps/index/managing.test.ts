import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { parsePage, type Page } from "#formats/python/simple-page.ts";
import { buildSdist, buildWheel } from "#world/distributions.ts";
import {
  aLocalFile,
  basic,
  createIndexWorld,
  uploadParts,
  type Answer,
  type IndexWorld,
} from "#world/index-world.ts";

const wheel = buildWheel({ name: "demo", version: "1.0" });
const sdist = buildSdist({ name: "demo", version: "1.0" });

async function world(t: TestContext): Promise<IndexWorld> {
  const made = await createIndexWorld();
  t.after(() => made.close());
  for (const file of [wheel, sdist]) await made.upload(uploadParts("demo", "1.0", file));
  return made;
}

async function readPage({ send }: IndexWorld): Promise<Page> {
  const accept = "application/vnd.pypi.simple.v1+json";
  return parsePage((await send("/simple/demo/", { headers: { accept } })).body);
}

function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString());
}

async function tokenFor(
  { sendAdmin }: IndexWorld,
  account: string,
  actions: readonly string[],
): Promise<string> {
  const made = await sendAdmin("POST", "/v1/tokens", { account, actions });
  return basic(String(json(made)["token"]));
}

test("a version is yanked and brought back by a token that may manage", async (t) => {
  const made = await world(t);
  const authorization = await tokenFor(made, "admin", ["manage"]);
  const post = (verb: string, body: object): Promise<Answer> =>
    made.send(`/api/projects/Demo/${verb}`, {
      method: "POST",
      headers: { authorization },
      body: JSON.stringify(body),
    });
  const answer = await post("yank", { version: "1.0.0", reason: "broken" });
  assert.equal(answer.status, 404, "1.0.0 is not how this version is written");
  assert.equal((await post("yank", { version: "1.0", reason: "broken" })).status, 200);
  assert.deepEqual(
    (await readPage(made)).files.map(({ yanked }) => yanked),
    ["broken", "broken"],
  );
  await post("unyank", { filename: wheel.filename });
  const yanked = new Map((await readPage(made)).files.map((file) => [file.filename, file.yanked]));
  assert.equal(yanked.get(wheel.filename), false);
  assert.equal(yanked.get(sdist.filename), "broken");
  await post("archive", { reason: "moved" });
  assert.equal((await readPage(made)).status, "archived");
  assert.equal((await readPage(made)).statusReason, "moved");
  await post("unarchive", {});
  assert.equal((await readPage(made)).status, "active");
  assert.equal((await post("delete", { filename: sdist.filename })).status, 200);
  assert.equal((await readPage(made)).files.length, 1);
  assert.equal(made.files.kept.size, 2, "deleted, not purged");
});

test("who may not manage changes nothing", async (t) => {
  const made = await world(t);
  await made.sendAdmin("POST", "/v1/accounts", { name: "bob" });
  await made.sendAdmin("PUT", "/v1/projects/demo/members", { account: "bob", role: "maintainer" });
  await made.sendAdmin("POST", "/v1/accounts", { name: "carol" });
  const cases: readonly (readonly [string, string, number, string])[] = [
    ["", "yank", 401, "auth.missing"],
    [made.authorization, "yank", 403, "auth.forbidden"],
    [await tokenFor(made, "carol", ["manage"]), "yank", 403, "auth.forbidden"],
    [await tokenFor(made, "bob", ["manage"]), "delete", 403, "auth.forbidden"],
    [await tokenFor(made, "bob", ["manage"]), "archive", 403, "auth.forbidden"],
  ];
  const before = await readPage(made);
  for (const [authorization, verb, status, code] of cases) {
    const answer = await made.send(`/api/projects/demo/${verb}`, {
      method: "POST",
      headers: { authorization },
      body: verb === "archive" ? "{}" : JSON.stringify({ filename: wheel.filename }),
    });
    assert.equal(answer.status, status, verb);
    assert.equal(answer.headers["x-holdfast-code"], code);
  }
  assert.deepEqual(await readPage(made), before);
  const authorization = await tokenFor(made, "bob", ["manage"]);
  const body = JSON.stringify({ filename: wheel.filename });
  const yank = await made.send("/api/projects/demo/yank", {
    method: "POST",
    headers: { authorization },
    body,
  });
  assert.equal(yank.status, 200, "maintainers yank");
});

test("requests that cannot be read are told where", async (t) => {
  const made = await world(t);
  const authorization = await tokenFor(made, "admin", ["manage"]);
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    ["yank", "{", 400, /body is not JSON/],
    ["yank", "{}", 400, /Name either a file \(--file\) or a version/],
    ["yank", JSON.stringify({ filename: "a", version: "1" }), 400, /either/],
    ["yank", JSON.stringify({ version: 1 }), 400, /version: /],
    ["yank", JSON.stringify({ version: "1.0", other: 1 }), 400, /other/],
    ["yank", JSON.stringify({ version: "1.0", reason: "a\nb" }), 400, /one line of text/],
    ["yank", JSON.stringify({ version: "1.0", reason: "\ud800" }), 400, /one line of text/],
    ["yank", JSON.stringify({ version: "9.9" }), 404, /no files of version 9.9/],
    ["yank", JSON.stringify({ filename: "nope.whl" }), 404, /no file 'nope.whl'/],
    ["yank", JSON.stringify({ version: "one" }), 400, /not a version/],
    ["yank", "x".repeat(100_000), 413, /too large/],
  ];
  for (const [verb, body, status, sentence] of cases) {
    const answer = await made.send(`/api/projects/demo/${verb}`, {
      method: "POST",
      headers: { authorization },
      body,
    });
    assert.equal(answer.status, status, body.slice(0, 50));
    assert.match(answer.reason, sentence);
  }
  for (const path of ["/api/projects/nope/yank", "/api/projects/demo/explode", "/api/x"]) {
    const sent = { method: "POST", headers: { authorization }, body: '{"filename":"a"}' };
    assert.equal((await made.send(path, sent)).status, 404, path);
  }
});

test("the operator sees and changes everything at the admin door", async (t) => {
  const made = await world(t);
  const { sendAdmin } = made;
  assert.deepEqual(json(await sendAdmin("GET", "/v1/status"))["catalogue"], {
    projects: 1,
    files: 2,
    size: wheel.bytes.byteLength + sdist.bytes.byteLength,
  });
  assert.equal((await sendAdmin("POST", "/v1/accounts", { name: "Bob" })).status, 200);
  assert.equal((await sendAdmin("POST", "/v1/accounts", { name: "bob" })).status, 409);
  assert.equal((await sendAdmin("POST", "/v1/accounts", { name: "b/b" })).status, 400);
  const project = json(await sendAdmin("GET", "/v1/projects/demo"));
  assert.equal(project["name"], "demo");
  const role = { account: "bob", role: "emperor" };
  assert.equal((await sendAdmin("PUT", "/v1/projects/demo/members", role)).status, 400);
  assert.equal((await sendAdmin("POST", "/v1/projects/nope/yank", {})).status, 404);
  assert.equal((await sendAdmin("POST", "/v1/projects/demo/explode", {})).status, 400);
  assert.equal((await sendAdmin("POST", "/v1/tokens/none/revoke", {})).status, 404);
  assert.equal((await sendAdmin("GET", "/v2/status")).status, 404);
  assert.equal((await sendAdmin("DELETE", "/v1/accounts")).status, 404);
  const tokens = (await sendAdmin("GET", "/v1/tokens")).body.toString();
  assert.ok(!tokens.includes("hf_") && !tokens.includes("hash"));
});

test("an import takes in what is new, passes over what is there, and lists what it refuses", async (t) => {
  const made = await world(t);
  const next = buildWheel({ name: "next", version: "3.0" });
  made.folders.set("/wheels", [
    aLocalFile(wheel.filename, wheel.bytes),
    aLocalFile(`deep/er/${next.filename}`, next.bytes),
    aLocalFile("broken-1.0.tar.gz", Buffer.from("hello")),
    aLocalFile(`other/${sdist.filename}`, Buffer.from("hello")),
    aLocalFile("README.txt", Buffer.from("hello")),
  ]);
  const run = async (): Promise<readonly Record<string, unknown>[]> => {
    const wish = { folder: "/wheels", account: "admin", uploadTime: "modified" };
    const answer = await made.sendAdmin("POST", "/v1/import", wish);
    const lines = answer.body.toString().trim().split("\n");
    return lines.map((line) => JSON.parse(line));
  };
  const first = await run();
  assert.deepEqual(first[0], { kind: "found", files: 4, ignored: 1 });
  assert.deepEqual(first.at(-1), { kind: "done", imported: 1, present: 1, refused: 2 });
  const codes = new Map(first.map((line) => [line["path"], line["code"]]));
  assert.equal(codes.get("broken-1.0.tar.gz"), "archive.corrupt");
  assert.equal(codes.get(`other/${sdist.filename}`), "upload.filename-reused");
  const file = await made.releases.findFile(next.filename);
  assert.equal(file?.uploadTime, "2020-02-03T04:05:06.000000Z");
  assert.equal(made.files.incoming.size, 0);
  assert.deepEqual((await run()).at(-1), { kind: "done", imported: 0, present: 2, refused: 2 });
  const nobody = { folder: "/wheels", account: "nobody" };
  assert.equal((await made.sendAdmin("POST", "/v1/import", nobody)).status, 404);
});

test("an import stops when the disk is full, says so, and goes on from there", async (t) => {
  const made = await world(t);
  const wheels = Array.from({ length: 40 }, (_, index) =>
    buildWheel({ name: `bulk-${index}`, version: "1.0" }),
  );
  made.folders.set(
    "/wheels",
    wheels.map(({ filename, bytes }) => aLocalFile(filename, bytes)),
  );
  made.files.room = 10_000;
  const wish = { folder: "/wheels", account: "admin" };
  const cut = (await made.sendAdmin("POST", "/v1/import", wish)).body.toString();
  assert.match(cut.trim().split("\n").at(-1) ?? "", /"kind":"error","code":"storage.full"/);
  made.files.room = 10_000_000;
  const rest = (await made.sendAdmin("POST", "/v1/import", wish)).body.toString();
  assert.match(rest, /"kind":"done","imported":\d+,"present":[1-9]\d*,"refused":0/);
  assert.equal((await made.releases.readProjects({ limit: 100 })).length, 41);
});

test("a backup copies index, signer and files in this order, and marks itself complete last", async (t) => {
  const made = await world(t);
  const answer = await made.sendAdmin("POST", "/v1/backup", { folder: "/copy" });
  assert.deepEqual(made.folderCalls, [
    "empty /copy",
    "index /copy/index",
    "below /copy/signer",
    "signer /copy/signer",
    "write /copy/backup.json",
  ]);
  assert.match(answer.body.toString(), /"kind":"done","files":2,"signer":true/);
  made.signer.isDown = true;
  made.folderCalls.length = 0;
  const cut = await made.sendAdmin("POST", "/v1/backup", { folder: "/copy2" });
  assert.match(cut.body.toString(), /"kind":"error".*--without-signer/);
  assert.ok(!made.folderCalls.some((call) => call.includes("backup.json")));
  await made.sendAdmin("POST", "/v1/backup", { folder: "/copy3", withoutSigner: true });
  assert.equal(made.folderCalls.at(-1), "write /copy3/backup.json");
});
