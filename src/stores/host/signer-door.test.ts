import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { SignerDoor } from "#core/releases/signer-door.ts";
import { formatChangeResult, formatPagePointers } from "#formats/door/change-json.ts";
import type { Change, ChangeResult } from "#formats/door/change.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { createSignerDoor } from "./signer-door.ts";

const demo = normaliseProjectName("demo");
const change: Change = {
  kind: "yank-file",
  id: "1",
  project: demo,
  filename: "a.whl",
  yanked: true,
};
const page = { project: demo, sha256: "ab".repeat(32), size: 3, serial: 9 };
const unreachable = { name: "UnavailableError", code: "signer.unreachable" };

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function aDoor(
  t: TestContext,
  answer: Answer,
): Promise<SignerDoor & { connections(): number }> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-door-"));
  let connections = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => answer(request, response, body));
  });
  server.on("connection", () => (connections += 1));
  server.listen(join(folder, "s"));
  await once(server, "listening");
  const door = createSignerDoor(join(folder, "s"));
  t.after(async () => {
    door.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { ...door, connections: () => connections };
}

test("changes and questions go over kept connections", async (t) => {
  const asked: string[] = [];
  const door = await aDoor(t, (request, response, body) => {
    asked.push(`${request.method} ${request.url} ${body}`);
    const result: ChangeResult = { id: "1", outcome: "published", page };
    const isChange = request.url === "/v1/changes";
    response.end(isChange ? formatChangeResult(result) : formatPagePointers([page]));
  });
  assert.deepEqual(await door.sendChange(change), { id: "1", outcome: "published", page });
  assert.deepEqual(await door.readPages(7, 1_000_000), [page]);
  assert.equal(door.connections(), 1);
  assert.match(asked[0] ?? "", /^POST \/v1\/changes \{.*"id":"1"/);
  assert.equal(asked[1], "GET /v1/pages?after=7&limit=5000 ");
});

test("a change that the signer cannot read is refused, not sent for ever", async (t) => {
  const door = await aDoor(t, (_request, response) => {
    response.writeHead(400).end('{"code":"json.type"}');
  });
  const result = await door.sendChange(change);
  assert.ok(result.outcome === "refused" && result.code === "change.malformed");
  assert.match(result.message, /400 .*json\.type/);
});

const bad: Readonly<Record<string, Answer>> = {
  "a server error": (_request, response) => response.writeHead(503).end("no"),
  "an answer that is none": (_request, response) => response.end("hello"),
  "an answer to another change": (_request, response) =>
    response.end(formatChangeResult({ id: "2", outcome: "published", page })),
  "an answer cut short": (_request, response) => {
    response.writeHead(200, { "content-length": 1_000 });
    response.write("{");
    setImmediate(() => response.destroy());
  },
  "a connection that ends": (request) => request.socket.destroy(),
  "an answer without end": (_request, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(1_000_000), () => setImmediate(more));
    };
    more();
  },
};

for (const [name, answer] of Object.entries(bad)) {
  test(`the signer counts as away after ${name}`, async (t) => {
    const door = await aDoor(t, answer);
    await assert.rejects(door.sendChange(change), unreachable);
  });
}

test("a signer that is not there is away", async () => {
  const door = createSignerDoor("/nowhere/signer.sock");
  await assert.rejects(door.readStatus(), unreachable);
  door.close();
});
