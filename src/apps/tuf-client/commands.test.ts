/** What the program does in a simulated world: what is asked for, in which order, what is kept, what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimClock } from "#world/sim-clock.ts";
import { SimTufRepository, actor } from "#world/tuf-repository.ts";
import { digestHex, sha256Hex } from "#crypto/hash.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { UnavailableError } from "#core/errors.ts";
import type { Fetch } from "#core/ports.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { downloadTargets, initTrust, refreshTrust } from "./commands.ts";

const metadataUrl = new URL("https://repository.example/tuf/");
const targetsUrl = new URL("https://repository.example/targets/");

class Scene {
  readonly repository: SimTufRepository = new SimTufRepository();
  readonly store = createMemoryTrustedStore();
  /** At the repository, by path below the targets address. */
  readonly served: Map<string, Uint8Array> = new Map();
  /** Downloaded, by target path. */
  readonly kept: Map<string, Uint8Array> = new Map();
  /** Target files that were asked for. */
  readonly asked: string[] = [];
  readonly said: string[] = [];

  async open(): Promise<this> {
    await this.repository.publishAll();
    await initTrust(this.store, this.file("1.root.json"), this.say);
    return this;
  }

  file(name: string): Uint8Array {
    return this.repository.files.get(name) ?? assert.fail(name);
  }

  async addTarget(role: string, path: string, content: string): Promise<void> {
    this.repository.addTarget(role, path, content);
    const at = path.lastIndexOf("/") + 1;
    const hash = sha256Hex(formatUtf8(content));
    this.served.set(`${path.slice(0, at)}${hash}.${path.slice(at)}`, formatUtf8(content));
    await this.repository.publish(role, "snapshot", "timestamp");
  }

  refresh(): Promise<void> {
    this.repository.requests.length = 0;
    return refreshTrust(this.#ports(), { metadataUrl }, this.say);
  }

  download(...targets: readonly string[]): Promise<void> {
    this.repository.requests.length = 0;
    this.asked.length = 0;
    return downloadTargets(this.#ports(), { metadataUrl, targetsUrl, targets }, this.say);
  }

  keptTexts(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.kept].map(([path, bytes]) => [path, parseUtf8(bytes)]));
  }

  readonly say = (line: string): void => void this.said.push(line);

  #ports() {
    return {
      clock: createSimClock("2026-01-01T00:00:00Z").now,
      fetch: this.#fetch,
      store: this.store,
      files: {
        readTarget: async (path: string, length: number) => {
          const bytes = this.kept.get(path);
          return bytes?.byteLength === length ? bytes : undefined;
        },
        writeTarget: async (path: string, bytes: Uint8Array) => void this.kept.set(path, bytes),
      },
    };
  }

  readonly #fetch: Fetch = async (request, limits) => {
    const { pathname } = request.url;
    if (!pathname.startsWith(targetsUrl.pathname)) return this.repository.fetch(request, limits);
    const path = decodeURIComponent(pathname.slice(targetsUrl.pathname.length));
    this.asked.push(path);
    const body = this.served.get(path);
    if (body === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
    if (body.byteLength > limits.sizeMax) throw new UnavailableError("network.size", "too large");
    return { status: 200, headers: {}, body };
  };
}

const inOrder = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"];

test("init asks nobody, takes the same root again, and no other one", async () => {
  const scene = await new Scene().open();
  await initTrust(scene.store, scene.file("1.root.json"), scene.say);
  assert.deepEqual(scene.repository.requests, []);
  assert.match(scene.said.at(-1) ?? "", /^root 1 is trusted: sha256:[0-9a-f]{64}$/);
  const other = new SimTufRepository();
  other.keys.root.signers = [actor("mallory")];
  await other.publish("root", "root");
  for (const name of ["1.root.json", "2.root.json"]) {
    const offered = other.files.get(name) ?? assert.fail();
    await assert.rejects(initTrust(scene.store, offered, scene.say), { code: "anchor.changed" });
  }
  assert.deepEqual([...scene.store.roots.values()], [scene.file("1.root.json")]);
});

test("init refuses a root without its own signatures, and one without a version", async () => {
  const { repository } = await new Scene().open();
  const text = parseUtf8(repository.files.get("1.root.json") ?? new Uint8Array());
  const unsigned = text.replace(/"sig":"[0-9a-f]+"/, `"sig":"${"00".repeat(64)}"`);
  const faults = [
    [unsigned, "tuf.threshold"],
    [text.replace('"version":1}', '"serial":1}'), "json.type"],
  ] as const;
  for (const [bad, code] of faults) {
    assert.notEqual(bad, text);
    const store = createMemoryTrustedStore();
    await assert.rejects(
      initTrust(store, formatUtf8(bad), () => undefined),
      { code },
    );
    assert.equal(await store.readRoot(), undefined);
  }
});

test("a later root than the first one may be the anchor", async () => {
  const scene = new Scene();
  await scene.repository.publishAll();
  await scene.repository.publish("root", "root");
  await initTrust(scene.store, scene.file("2.root.json"), scene.say);
  await scene.refresh();
  assert.deepEqual(scene.repository.requests.slice(0, 2), ["3.root.json", "4.root.json"]);
  assert.equal(scene.said.at(-1), "root 3, timestamp 1, snapshot 1, targets 1");
});

test("refresh without an anchor asks for nothing", async () => {
  const scene = new Scene();
  await scene.repository.publishAll();
  await assert.rejects(scene.refresh(), { code: "anchor.missing" });
  assert.deepEqual(scene.repository.requests, []);
});

test("refresh asks in the order of the specification and keeps the bytes as they came", async () => {
  const scene = await new Scene().open();
  const asItCame = formatUtf8(`${parseUtf8(scene.file("timestamp.json"))} \n`);
  scene.repository.files.set("timestamp.json", asItCame);
  await scene.refresh();
  assert.deepEqual(scene.repository.requests, inOrder);
  assert.deepEqual(scene.store.roles.get("timestamp"), asItCame);
  assert.deepEqual(scene.store.roles.get("targets"), scene.file("1.targets.json"));
  assert.equal(scene.said.at(-1), "root 1, timestamp 1, snapshot 1, targets 1");
});

test("download brings metadata up to date first, also for a target that no role lists", async () => {
  const scene = await new Scene().open();
  await assert.rejects(scene.download("nowhere"), { code: "tuf.missing" });
  assert.deepEqual(scene.repository.requests, inOrder);
  assert.deepEqual([scene.asked, scene.keptTexts()], [[], {}]);
});

test("download fetches by the hashed name once, and again where the target changed", async () => {
  const scene = await new Scene().open();
  await scene.addTarget("targets", "dir/a b", "content");
  for (const asked of [[`dir/${sha256Hex(formatUtf8("content"))}.a b`], []]) {
    await scene.download("dir/a b");
    assert.deepEqual(scene.asked, asked);
    assert.deepEqual(scene.keptTexts(), { "dir/a b": "content" });
  }
  assert.match(scene.said.at(-1) ?? "", /there already$/);
  // The same length: it is the hash that tells.
  await scene.addTarget("targets", "dir/a b", "CONTENT");
  await scene.download("dir/a b");
  assert.deepEqual(scene.keptTexts(), { "dir/a b": "CONTENT" });
});

test("download refuses other bytes and keeps what it had", async () => {
  const scene = await new Scene().open();
  await scene.addTarget("targets", "a", "content");
  await scene.addTarget("targets", "b", "second");
  await scene.download("a");
  for (const [bytes, code] of [
    ["SECOND", "tuf.hash"],
    ["malicious, and longer", "tuf.length"],
    ["short", "tuf.length"],
    ["", "tuf.length"],
  ] as const) {
    for (const path of scene.served.keys()) scene.served.set(path, formatUtf8(bytes));
    await assert.rejects(scene.download("b"), { code });
    assert.deepEqual(scene.keptTexts(), { a: "content" });
  }
  scene.kept.set("a", formatUtf8("CONTENT"));
  scene.served.clear();
  await assert.rejects(scene.download("a"), { code: "tuf.missing" });
});

test("download goes in order, in one refresh, and ends at the first that fails", async () => {
  const scene = new Scene();
  scene.repository.delegate("targets", { name: "a", paths: ["a/*"] });
  await scene.open();
  await scene.addTarget("a", "a/1", "one");
  await scene.addTarget("a", "a/2", "two");
  await scene.addTarget("targets", "b", "three");
  await assert.rejects(scene.download("b", "a/1", "a/3", "a/2"), { code: "tuf.missing" });
  assert.deepEqual(scene.keptTexts(), { b: "three", "a/1": "one" });
  assert.deepEqual(
    scene.repository.requests.map((name) => name.replace(/^\d+\./, "")),
    ["root.json", "timestamp.json", "snapshot.json", "targets.json", "a.json"],
  );
});

test("download wants a hash that it can compute, and takes SHA-512 alone", async () => {
  const scene = await new Scene().open();
  const bytes = formatUtf8("content");
  const sha512 = digestHex("sha512", bytes);
  const list = async (algorithm: string): Promise<void> => {
    const hashes = new Map([[algorithm, sha512]]);
    scene.repository.targets.get("targets")?.targets.set("a", { length: 7, hashes });
    scene.served.set(`${sha512}.a`, bytes);
    await scene.repository.publish("targets", "snapshot", "timestamp");
  };
  await list("unknown");
  await assert.rejects(scene.download("a"), { code: "tuf.hash" });
  assert.deepEqual([scene.asked, scene.keptTexts()], [[], {}]);
  await list("sha512");
  await scene.download("a");
  assert.deepEqual(scene.keptTexts(), { a: "content" });
});

test("download does not begin with a target that is larger than is ever held", async () => {
  const scene = await new Scene().open();
  const hashes = new Map([["sha256", "00".repeat(32)]]);
  scene.repository.targets.get("targets")?.targets.set("a", { length: 2 ** 40, hashes });
  await scene.repository.publish("targets", "snapshot", "timestamp");
  await assert.rejects(scene.download("a"), { code: "tuf.length" });
  assert.deepEqual(scene.asked, []);
});
