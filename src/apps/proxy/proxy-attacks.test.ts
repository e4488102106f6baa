/**
 * Each attack after an honest run: refused with this code, shown to the client where it can show it, kept as evidence,
 * and what is trusted did not move.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePage } from "#formats/python/simple-page.ts";
import { createProxyWorld } from "#world/proxy-world.ts";
import type { ProxyWorld } from "#world/proxy-world.ts";
import type { Answered } from "#world/sim-proxy.ts";
import { notFound } from "#world/sim-index.ts";
import type { SimFile } from "#world/sim-index.ts";
import { cutAfter, drip, endless } from "#world/sim-network.ts";
import type { Interposer, SimResponse } from "#world/sim-network.ts";
import { MINUTE, SECOND } from "#world/sim-clock.ts";
import { actor } from "#world/tuf-repository.ts";

const MEBIBYTE = 1_024 * 1_024;
const wheelName = "demo-1.0-py3-none-any.whl";
const otherName = "other-1.0-py3-none-any.whl";

type Scene = ProxyWorld & { readonly wheel: SimFile; readonly other: SimFile };

/** An index with two projects, and a proxy that has seen one of them. */
async function honestRun(content: string | Uint8Array = "wheel bytes"): Promise<Scene> {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, content, { metadata: "Name: demo" });
  const other = await world.index.publishFile(otherName, "other bytes", {
    metadata: "Name: other",
  });
  assert.equal((await world.page("other")).status, 200);
  return { ...world, wheel, other };
}

/** Answers `response` for what `matches`, and the truth for the rest. */
function lieAbout(
  matches: RegExp,
  response: (honest: SimResponse) => SimResponse | Promise<SimResponse>,
): Interposer {
  return async (request, honest) => {
    const truth = await honest(request);
    return matches.test(request.url.pathname) ? await response(truth) : truth;
  };
}

function altered(truth: SimResponse): SimResponse {
  assert.ok(truth.body instanceof Uint8Array);
  const body = truth.body.slice();
  body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
  return { ...truth, body };
}

/** Later, so that the index is asked again. */
function later(world: ProxyWorld): void {
  world.clock.advance(10 * SECOND);
}

async function assertKept(world: ProxyWorld, code: string, subject: string): Promise<void> {
  const kept = await world.refusals.readRefusals();
  assert.ok(
    kept.some((record) => record.code === code && record.subject === subject),
    `${code} of ${subject} is not among ${JSON.stringify(kept.map((record) => [record.code, record.subject]))}`,
  );
}

function assertRefused(answer: Answered, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.code], [status, code], answer.text);
  assert.match(answer.reason, new RegExp(`^${code.replaceAll(".", "\\.")}: `));
}

const small: readonly (readonly [string, (truth: SimResponse) => SimResponse, string])[] = [
  ["altered", altered, "file.hash"],
  ["shortened", (truth) => ({ ...truth, body: bodyOf(truth).slice(1) }), "file.length"],
  [
    "lengthened",
    (truth) => ({ ...truth, body: Buffer.concat([bodyOf(truth), Buffer.of(0)]) }),
    "network.size",
  ],
  ["missing", () => notFound, "file.missing"],
  ["endless", () => ({ status: 200, body: endless() }), "network.size"],
  ["cut", (truth) => ({ ...truth, body: cutAfter(bodyOf(truth), 3) }), "network.truncated"],
  ["dripping", (truth) => ({ ...truth, body: drip(bodyOf(truth), 9_000) }), "network.rate"],
  [
    "redirected",
    () => ({
      status: 302,
      headers: { location: "https://evil.example/" },
      body: new Uint8Array(0),
    }),
    "network.redirect",
  ],
  ["gone", () => ({ status: 418, body: new Uint8Array(0) }), "network.malformed"],
];

function bodyOf({ body }: SimResponse): Uint8Array {
  assert.ok(body instanceof Uint8Array);
  return body;
}

for (const [how, lie, code] of small) {
  test(`a file that is ${how} is refused with ${code}, and again, and served once the lie ends`, async () => {
    const world = await honestRun();
    const before = world.trustedState();
    world.network.interpose(lieAbout(/\.whl$/, lie));
    await world.page("demo");
    const trusted = world.trustedState();
    for (const headers of [{}, { range: "bytes=0-2" }]) {
      assertRefused(await world.file(world.wheel, { headers, agent: "pip" }), 403, code);
    }
    await assertKept(world, code, `file ${wheelName}`);
    assert.equal(world.trustedState(), trusted);
    assert.notEqual(before, "");
    world.network.interpose(undefined);
    assertRefused(await world.file(world.wheel), 403, code);
    // It costs little to look at again, so what was repaired is served soon, and `status` says when.
    const [record] = await world.refusals.readRefusals();
    const until = Date.parse(String(record?.evidence["refusedUntil"]));
    const leftMs = until - world.clock.now().getTime();
    assert.ok(leftMs > 0 && leftMs <= 10 * SECOND, String(leftMs));
    world.clock.advance(leftMs);
    assert.equal((await world.file(world.wheel)).text, "wheel bytes");
  });
}

test("an altered .metadata is refused, and its wheel is not", async () => {
  const world = await honestRun();
  world.network.interpose(lieAbout(/\.metadata$/, altered));
  await world.page("demo");
  assertRefused(await world.metadata(world.wheel, { agent: "pip" }), 403, "file.hash");
  assert.equal((await world.file(world.wheel)).status, 200);
  await assertKept(world, "file.hash", `file ${wheelName}.metadata`);
  world.network.interpose(lieAbout(/\.metadata$/, () => ({ status: 200, body: endless() })));
  world.clock.advance(MINUTE);
  assertRefused(await world.metadata(world.wheel), 403, "network.size");
});

test("a file that no page lists is not served, whatever lies at its address", async () => {
  const world = await honestRun();
  const bytes = new TextEncoder().encode("evil");
  const forged = { ...world.wheel, bytes, sha256: "ab".repeat(32) };
  world.index.objects.set(`/files/demo/${forged.sha256}/${wheelName}`, bytes);
  assertRefused(await world.file(forged), 404, "file.not-listed");
  assertRefused(
    await world.file({ ...world.wheel, filename: "demo-9.0.tar.gz" }),
    404,
    "file.not-listed",
  );
});

const pages: readonly (readonly [string, (world: Scene) => Interposer, string])[] = [
  ["altered", () => lieAbout(/demo\/.*index\.json$/, altered), "tuf.hash"],
  [
    "another project's",
    (world) =>
      lieAbout(/demo\/.*index\.json$/, () => ({
        status: 200,
        body: world.index.pageBytes("other"),
      })),
    "tuf.length",
  ],
  ["missing", () => lieAbout(/demo\/.*index\.json$/, () => notFound), "tuf.missing"],
  [
    "endless",
    () => lieAbout(/demo\/.*index\.json$/, () => ({ status: 200, body: endless() })),
    "tuf.length",
  ],
  [
    "redirected",
    () => lieAbout(/demo\/.*index\.json$/, () => ({ status: 301, body: new Uint8Array(0) })),
    "network.redirect",
  ],
  [
    "slow",
    () =>
      lieAbout(/demo\/.*index\.json$/, (truth) => ({ ...truth, body: drip(bodyOf(truth), 500) })),
    "network.rate",
  ],
];

for (const [how, lie, code] of pages) {
  test(`a page that is ${how} is refused with ${code}, in words that pip and uv show`, async () => {
    const world = await honestRun();
    world.network.interpose(lie(world));
    const uv = await world.page("demo", { agent: "uv" });
    assertRefused(uv, 451, code);
    assert.match(uv.text, new RegExp(`"title":"Holdfast refuses: ${code}"`));
    const trusted = world.trustedState();
    const pip = await world.page("demo", { agent: "pip" });
    assert.deepEqual([pip.status, pip.code], [200, code]);
    assert.match(
      pip.headers["content-type"] ?? "",
      new RegExp(`^application/problem\\+json; title="${code}: [^"]+"$`),
    );
    await assertKept(world, code, "page demo");
    assert.equal(world.trustedState(), trusted);
    assert.equal((await world.page("other")).status, 200);
    world.network.interpose(undefined);
    assert.equal((await world.page("demo")).status, 200);
  });
}

test("a page that is signed for one project and names another is refused", async () => {
  const world = await honestRun();
  await world.index.publishPage("demo", world.index.pageBytes("other"));
  later(world);
  assertRefused(await world.page("demo"), 451, "page.mismatch");
});

test("a page that is signed but malformed is refused", async () => {
  const world = await honestRun();
  await world.index.publishPage("demo", new TextEncoder().encode('{"name":"demo","name":"x"}'));
  later(world);
  assertRefused(await world.page("demo"), 451, "json.duplicate-member");
});

type Metadata = readonly [string, (world: Scene) => Interposer | Promise<Interposer>, string];

const metadata: readonly Metadata[] = [
  [
    "an older timestamp",
    async (world) => {
      const old = world.index.tuf.files.get("timestamp.json") ?? new Uint8Array(0);
      await world.index.publishFile("demo-2.0.tar.gz", "two");
      later(world);
      await world.page("demo");
      return lieAbout(/timestamp\.json$/, () => ({ status: 200, body: old }));
    },
    "tuf.rollback",
  ],
  [
    "an older snapshot under the new timestamp",
    async (world) => {
      const old = world.index.tuf.files.get("3.snapshot.json") ?? new Uint8Array(0);
      await world.index.publishFile("demo-2.0.tar.gz", "two");
      return lieAbout(/snapshot\.json$/, () => ({ status: 200, body: old }));
    },
    "tuf.hash",
  ],
  [
    "a timestamp with a stranger's signature",
    async (world) => {
      world.index.tuf.signers.set("timestamp", [actor("mallory")]);
      await world.index.tuf.publish("timestamp");
      return async (request, honest) => await honest(request);
    },
    "tuf.threshold",
  ],
  ["a timestamp that is altered", () => lieAbout(/timestamp\.json$/, altered), "json.syntax"],
  [
    "a timestamp that is not there",
    () => lieAbout(/timestamp\.json$/, () => notFound),
    "tuf.missing",
  ],
  [
    "an endless timestamp",
    () => lieAbout(/timestamp\.json$/, () => ({ status: 200, body: endless() })),
    "tuf.length",
  ],
  [
    "an endless root",
    () => lieAbout(/2\.root\.json$/, () => ({ status: 200, body: endless() })),
    "tuf.length",
  ],
  [
    "a timestamp that trickles",
    () => lieAbout(/timestamp\.json$/, (truth) => ({ ...truth, body: drip(bodyOf(truth), 900) })),
    "network.rate",
  ],
  [
    "a redirect for a timestamp",
    () => lieAbout(/timestamp\.json$/, () => ({ status: 307, body: new Uint8Array(0) })),
    "network.redirect",
  ],
  [
    "a root that its predecessor did not sign",
    async (world) => {
      world.index.tuf.signers.set("root", [actor("mallory")]);
      await world.index.tuf.publish("root");
      return async (request, honest) => await honest(request);
    },
    "tuf.threshold",
  ],
  [
    "an older root where the next should be",
    (world) => lieAbout(/2\.root\.json$/, () => ({ status: 200, body: world.index.root })),
    "tuf.version",
  ],
];

for (const [what, lie, code] of metadata) {
  test(`${what} is refused with ${code}; nothing is served until a refresh succeeds`, async () => {
    const world = await honestRun();
    const interposer = await lie(world);
    const before = world.trustedState();
    world.network.interpose(interposer);
    later(world);
    assertRefused(await world.page("other"), 451, code);
    assertRefused(await world.page("demo"), 451, code);
    assertRefused(await world.file(world.other), 403, code);
    await assertKept(world, code, "index");
    // A good timestamp before a bad snapshot is trusted, as the specification has it; nothing behind it is.
    const rest = (state: string): string => state.replace(/^timestamp .*$/m, "");
    assert.equal(rest(world.trustedState()), rest(before));
    if (!what.includes("under the new")) assert.equal(world.trustedState(), before);
    // Silence afterwards does not lift it.
    world.network.interpose(async () => ({ status: 503, body: new Uint8Array(0) }));
    later(world);
    assertRefused(await world.page("other"), 451, code);
    world.network.interpose(undefined);
    for (const role of ["timestamp", "root"]) world.index.tuf.signers.delete(role);
    world.index.tuf.files.delete("2.root.json");
    await world.index.tuf.publish("timestamp");
    later(world);
    assert.equal((await world.page("other")).status, 200);
  });
}

test("evidence of a rollback is the signed answer itself", async () => {
  const world = await honestRun();
  const old = world.index.tuf.files.get("timestamp.json") ?? new Uint8Array(0);
  await world.index.tuf.publish("timestamp");
  later(world);
  await world.page("demo");
  world.network.interpose(lieAbout(/timestamp\.json$/, () => ({ status: 200, body: old })));
  later(world);
  await world.page("demo");
  const [record] = await world.refusals.readRefusals();
  assert.equal(record?.code, "tuf.rollback");
  assert.equal(record.evidence["answerBase64"], Buffer.from(old).toString("base64"));
});

test("a bin that is not there is refused, and no project of it is called unknown", async () => {
  const world = await honestRun();
  world.restart();
  const bin = new RegExp(`${world.index.binOf("demo")}\\.json$`);
  const lie = lieAbout(bin, () => notFound);
  world.network.interpose(lie);
  world.index.tuf.targets.get("unclaimed");
  await world.index.tuf.publish(world.index.binOf("demo"), "snapshot", "timestamp");
  later(world);
  assertRefused(await world.page("demo"), 451, "tuf.missing");
});

test("an index that is frozen is refused when its metadata expires", async () => {
  const world = await honestRun();
  world.index.tuf.timestamp.expires = "2026-11-21T08:00:30Z";
  await world.index.tuf.publish("timestamp");
  later(world);
  assert.equal((await world.page("demo")).status, 200);
  world.clock.advance(MINUTE);
  assertRefused(await world.page("demo"), 451, "tuf.expired");
  assertRefused(await world.file(world.wheel), 403, "tuf.expired");
  world.index.tuf.timestamp.expires = "2030-01-01T00:00:00Z";
  await world.index.tuf.publish("timestamp");
  world.clock.advance(SECOND);
  assert.equal((await world.page("demo")).status, 200);
});

test("an extra signature of a stranger beside a valid one changes nothing", async () => {
  const world = await honestRun();
  world.index.tuf.signers.set("timestamp", [actor("timestamp"), actor("mallory")]);
  await world.index.publishFile("demo-2.0.tar.gz", "two");
  later(world);
  assert.equal(parsePage((await world.page("demo")).bytes).files.length, 2);
});

test("a denied file goes from the page and is not served, although it was", async () => {
  const world = await honestRun();
  await world.page("demo");
  assert.equal((await world.file(world.wheel)).status, 200);
  const time = "2026-11-21T08:00:00Z";
  await world.index.deny({
    project: world.wheel.project,
    filename: wheelName,
    reason: "Steals tokens",
    time,
  });
  later(world);
  assert.deepEqual(parsePage((await world.page("demo")).bytes).files, []);
  const refused = await world.file(world.wheel);
  assertRefused(refused, 403, "file.denied");
  assert.match(refused.text, /Steals tokens/);
  assertRefused(await world.metadata(world.wheel), 403, "file.denied");
});

test("a denied project is refused, never unknown", async () => {
  const world = await honestRun();
  const time = "2026-11-21T08:00:00Z";
  await world.index.deny({ project: world.wheel.project, reason: "Imitates demos", time });
  later(world);
  assertRefused(await world.page("demo"), 451, "file.denied");
  assert.equal((await world.page("other")).status, 200);
});

test("a deny list that cannot be had or read refuses everything", async () => {
  const world = await honestRun();
  const time = "2026-11-21T08:00:00Z";
  await world.index.deny({ project: world.wheel.project, reason: "Imitates demos", time });
  world.network.interpose(
    lieAbout(/deny\.json$/, (truth) => (truth.status === 200 ? notFound : truth)),
  );
  later(world);
  assertRefused(await world.page("other"), 451, "tuf.missing");
  world.network.interpose(undefined);
  await world.index.publishTarget("deny", "deny.json", new TextEncoder().encode('{"deny":[{}]}'));
  later(world);
  assertRefused(await world.page("other"), 451, "json.type");
});

test("a large file streams, its end withheld until it is right", async () => {
  const bytes = new Uint8Array(33 * MEBIBYTE).fill(7);
  const world = await honestRun(bytes);
  await world.page("demo");
  const lie: Interposer = async (request, honest) => {
    const truth = await honest(request);
    if (!request.url.pathname.endsWith(".whl")) return truth;
    const wrong = bytes.slice();
    wrong[0] = 8;
    return { ...truth, body: pieces(wrong) };
  };
  world.network.interpose(lie);
  const broken = await world.file(world.wheel);
  assert.equal(broken.status, 200);
  assert.equal(broken.headers["content-length"], String(bytes.length));
  assert.ok(broken.bytes.length < bytes.length);
  assert.match(String(broken.broken), /altered/);
  for (const headers of [{}, { range: `bytes=${MEBIBYTE}-` }]) {
    assertRefused(await world.file(world.wheel, { headers }), 403, "file.hash");
  }
  await assertKept(world, "file.hash", `file ${wheelName}`);
  world.network.interpose(undefined);
  world.clock.advance(50 * SECOND);
  assertRefused(await world.file(world.wheel), 403, "file.hash");
  world.clock.advance(10 * SECOND);
  const whole = await world.file(world.wheel);
  assert.deepEqual([whole.broken, whole.bytes.length], [undefined, bytes.length]);
  world.network.requests.length = 0;
  const again = await world.file(world.wheel);
  assert.equal(again.bytes.length, bytes.length);
  const part = await world.file(world.wheel, { headers: { range: "bytes=100000-300000" } });
  assert.deepEqual([part.status, part.bytes.length], [206, 200_001]);
  assert.deepEqual(world.network.requests, []);
});

test("a large file that is longer, shorter or cut never looks whole", async () => {
  const bytes = new Uint8Array(33 * MEBIBYTE).fill(7);
  const world = await honestRun(bytes);
  await world.page("demo");
  const lies = new Map<string, (truth: Uint8Array) => SimResponse["body"]>([
    ["network.size", (truth) => pieces(Buffer.concat([truth, Buffer.of(1)]))],
    ["file.length", (truth) => pieces(truth.subarray(1))],
    ["network.truncated", (truth) => cutAfter(truth, MEBIBYTE)],
    ["network.rate", (truth) => drip(truth.subarray(0, 100), 5_000)],
  ]);
  for (const [code, lie] of lies) {
    world.network.interpose(
      lieAbout(/\.whl$/, (truth) => ({ ...truth, body: lie(bodyOf(truth)) })),
    );
    world.clock.advance(MINUTE);
    const broken = await world.file(world.wheel);
    assert.ok(broken.broken !== undefined && broken.bytes.length < bytes.length, code);
    assertRefused(await world.file(world.wheel), 403, code);
  }
});

test("damage in the cache is found on reading, dropped and fetched anew", async () => {
  const world = await honestRun("x".repeat(300_000));
  await world.page("demo");
  await world.file(world.wheel);
  world.restart();
  for (const damage of ["y".repeat(300_000), "short"]) {
    world.cache.damage(world.wheel.sha256, new TextEncoder().encode(damage));
    assert.equal((await world.file(world.wheel)).text, "x".repeat(300_000));
  }
  const events = world.events.filter(({ event }) => event === "cache-damage");
  assert.equal(events.length, 2);
});

test("damage of a large cached file breaks the answer, and the next one is right", async () => {
  const bytes = new Uint8Array(33 * MEBIBYTE).fill(7);
  const world = await honestRun(bytes);
  await world.page("demo");
  await world.file(world.wheel);
  const wrong = bytes.slice();
  wrong[wrong.length - 1] = 0;
  world.cache.damage(world.wheel.sha256, wrong);
  const broken = await world.file(world.wheel);
  assert.ok(broken.broken !== undefined && broken.bytes.length < bytes.length);
  assert.equal((await world.file(world.wheel)).bytes.at(-1), 7);
});

async function* pieces(bytes: Uint8Array): AsyncGenerator<{ afterMs: number; bytes: Uint8Array }> {
  for (let at = 0; at < bytes.length; at += MEBIBYTE) {
    yield { afterMs: 1, bytes: bytes.subarray(at, at + MEBIBYTE) };
  }
}
