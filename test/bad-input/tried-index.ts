/**
 * A real index and signer to throw things at, with one honest wheel in it, and what must hold however much is thrown:
 * memory within bounds, no server error, nothing on disk but what was accepted, and the honest path still open.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { installInto } from "#clients/installing.ts";
import { aMachine } from "#clients/machine.ts";
import type { Machine } from "#clients/machine.ts";
import { findProcessesNaming } from "#clients/program.ts";
import { checkSuccess } from "#clients/program-run.ts";
import { uploadNew } from "#clients/uploading.ts";
import type { SmallWheel } from "#clients/small-wheel.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { boundary, formBody } from "./form-bytes.ts";
import type { Field, FormFile } from "./form-bytes.ts";
import { sendRaw } from "./raw-http.ts";
import type { Answer, SendOptions } from "./raw-http.ts";

export type TriedIndex = {
  readonly holdfast: Holdfast;
  readonly port: number;
  /** The value of an honest `Authorization` header. */
  readonly authorization: string;
  /** What was uploaded before anything bad came. */
  readonly honest: SmallWheel;
  /** Hashes of what was accepted, in this test too. */
  readonly accepted: Set<string>;
  /** A request, its headers whole lines; undefined when it was closed without an answer. */
  send(
    head: readonly string[],
    body?: readonly (string | Uint8Array)[],
    options?: SendOptions,
  ): Promise<Answer | undefined>;
  /** An authorised POST of this form body to the upload address. */
  post(body: Uint8Array, headers?: readonly string[]): Promise<Answer>;
  upload(fields: readonly Field[], file: FormFile): Promise<Answer>;
  /** All that must hold after bad input; the end of every test. */
  checkUnharmed(): Promise<void>;
  /** An upload and an installation through the proxy; the end of every file. */
  checkWorks(): Promise<void>;
  remove(): Promise<void>;
};

/** Above what the index takes with its one honest file; bodies, forms and archives of this folder all fit. */
const memoryGrowthMax = 200 * 1024 * 1024;
const settleMsMax = 5_000;

export async function startTriedIndex(name: string): Promise<TriedIndex> {
  const machine = await aMachine(["uv"]);
  const holdfast = await startHoldfast();
  const { ready } = holdfast;
  const port = Number(new URL(ready.index).port);
  const credentials = Buffer.from(`${ready.username}:${ready.token}`).toString("base64");
  const authorization = `Basic ${credentials}`;
  const honest = await uploadNew(ready, { project: name, version: "1.0" });
  const accepted = new Set([honest.sha256]);
  const pid = await findIndex(holdfast.data);
  const memoryBefore = await readMemory(pid, "VmRSS");

  const send: TriedIndex["send"] = (head, body = [], options = {}) =>
    sendRaw(port, [`${head.join("\r\n")}\r\n\r\n`, ...body], options);
  const post: TriedIndex["post"] = async (body, headers = []) => {
    const head = [
      ...["POST /legacy/ HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: ${authorization}`],
      ...(headers.some((line) => /^content-type:/i.test(line))
        ? []
        : [`Content-Type: multipart/form-data; boundary=${boundary}`]),
      ...[`Content-Length: ${body.byteLength}`, "Connection: close", ...headers],
    ];
    const answer = await send(head, [body], { msMax: 30_000 });
    assert.ok(answer, "the connection was closed without an answer");
    return answer;
  };
  return {
    holdfast,
    port,
    authorization,
    honest,
    accepted,
    send,
    post,
    upload: (fields, file) => post(formBody(fields, file)),
    checkUnharmed: async () => {
      await checkDisk(holdfast.data, accepted);
      const growth = (await readMemory(pid, "VmHWM")) - memoryBefore;
      assert.ok(growth < memoryGrowthMax, `the index grew by ${growth} bytes`);
      await checkNoServerError(holdfast);
    },
    checkWorks: async () => {
      const again = { project: name, version: "2.0", answer: 43 };
      accepted.add((await uploadNew(ready, again)).sha256);
      await checkInstalls(machine, holdfast, name);
      await checkDisk(holdfast.data, accepted);
    },
    remove: async () => {
      await holdfast.remove();
      await machine.remove();
    },
  };
}

/** A refusal as every client can show it: 4xx, a sentence with its code in the reason phrase, the code in a header. */
export function checkRefusal(answer: Answer | undefined, code: RegExp | string, about = ""): void {
  const said = `${about} ${answer?.status ?? "no answer"} ${answer?.reason ?? ""}`;
  assert.ok(answer && answer.status >= 400 && answer.status < 500, said);
  const given = answer.headers.get("x-holdfast-code") ?? "";
  if (typeof code === "string") assert.equal(given, code, said);
  else assert.match(given, code, said);
  assert.ok(answer.reason.endsWith(` [${given}]`), said);
  assert.ok(answer.reason.length > given.length + 13, said);
}

/** A refusal before there is a request to speak of: the HTTP parser's own, in the protocol's words. */
export function checkParserRefusal(answer: Answer | undefined, about = ""): void {
  const said = `${about} ${answer?.status ?? "no answer"} ${answer?.reason ?? ""}`;
  assert.ok(answer && [400, 408, 413, 417, 431].includes(answer.status), said);
  assert.notEqual(answer.reason, "", said);
}

async function checkDisk(data: string, accepted: ReadonlySet<string>): Promise<void> {
  const { files } = dataFolder(data);
  const incoming = join(files, ".incoming");
  // What a closed connection leaves is removed as soon as the index has seen that it was closed.
  for (const deadline = performance.now() + settleMsMax; ; await delay(20)) {
    const left = await readdir(incoming);
    if (left.length === 0) break;
    assert.ok(performance.now() < deadline, `left half received: ${left.join(", ")}`);
  }
  const kept: string[] = [];
  for (const shard of await readdir(files)) {
    if (shard === ".incoming") continue;
    assert.match(shard, /^[0-9a-f]{2}$/);
    for (const name of await readdir(join(files, shard))) kept.push(`${shard}/${name}`);
  }
  const wanted = [...accepted].flatMap((hash) => {
    const path = `${hash.slice(0, 2)}/${hash}`;
    return [path, `${path}.metadata`];
  });
  assert.deepEqual(kept.toSorted(), wanted.toSorted());
  assert.deepEqual((await readdir(data)).toSorted(), [...folders].toSorted());
}

const folders = [
  ...["files", "first-token", "index", "log", "offline", "proxy", "public", "run", "signer"],
];

async function checkNoServerError(holdfast: Holdfast): Promise<void> {
  const failed = (await holdfast.readAccessLog()).filter(({ status }) => status >= 500);
  assert.deepEqual(failed, []);
  assert.doesNotMatch(holdfast.output(), /Cannot answer/);
}

async function checkInstalls(machine: Machine, holdfast: Holdfast, name: string): Promise<void> {
  const environment = await machine.freshEnvironment();
  const simple = holdfast.ready.proxySimple;
  checkSuccess(await installInto(machine, "uv", environment, simple, [name]));
  const module = name.replaceAll("-", "_");
  const run = await environment.python3(`import ${module}; print(${module}.answer())`);
  assert.equal(run.stdout.trim(), "43");
}

async function findIndex(data: string): Promise<number> {
  const lines = await findProcessesNaming(data);
  const line = lines.find((text) => text.includes("src/apps/index/main.ts"));
  assert.ok(line, "no index process");
  return Number(line.split(" ")[0]);
}

/** In bytes: `VmRSS` is what a process holds now, `VmHWM` the most it ever did. */
async function readMemory(pid: number, what: "VmHWM" | "VmRSS"): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const found = new RegExp(`^${what}:\\s+([0-9]+) kB`, "m").exec(text)?.[1];
  assert.ok(found, `no ${what}`);
  return Number(found) * 1024;
}
