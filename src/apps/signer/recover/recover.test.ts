/**
 * Recoveries on a real data folder: SQLite, key files, folders. The clients are the world's; what they say of a page is
 * what a user would get.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { formatKeyCard } from "#formats/ceremony/key-card.ts";
import { parseConfig } from "#formats/config/config.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Random } from "#core/ports.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { addSignature } from "#core/ceremony/signatures.ts";
import { judgeRoot, rootFingerprint } from "#core/ceremony/signing-memory.ts";
import { createPublisher } from "#core/publication/publisher.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { initRepository, publicOnlineKeys } from "#core/publication/first-repository.ts";
import type { PublicationStep } from "#core/publication/steps.ts";
import { formatCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { storedFilePath } from "#stores/folder/file-store.ts";
import { readFirstMetadata, writeFirstMetadata } from "#stores/folder/first-metadata.ts";
import { makeKeyFile, readExistingKey } from "#stores/folder/key-file.ts";
import { makeOnlineKeys, openKeyFolder } from "#stores/folder/online-keys.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { openFolderStoredFiles } from "#stores/folder/stored-files.ts";
import { openSqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { TreeClient } from "#world/tree-client.ts";
import { exitCodeOf, exitCodes } from "#apps/signer/exit-codes.ts";
import { parseRecoverOptions } from "./options.ts";
import type { PlanOptions, PublishOptions, WholeOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { makePlan, readCards } from "./plan-command.ts";
import { planFolder } from "./plan-folder.ts";
import { publishRecovery } from "./publish-command.ts";
import { openRecoveryWorld } from "./recovery-world.ts";
import type { RecoveryWorld } from "./recovery-world.ts";
import { recoverWhole } from "./whole-command.ts";

const alpha = normaliseProjectName("alpha");
const beta = normaliseProjectName("beta");

class Scene {
  readonly folder: string;
  readonly data: DataFolder;
  readonly copy: string;
  readonly clock: SimClock = createSimClock("2026-01-02T00:00:00Z");
  readonly random: Random;
  readonly client: TreeClient;
  readonly #tree = new Map<string, Uint8Array>();
  said: string[] = [];
  /** What took long enough to be told of. */
  readonly long = new Set<string>();

  constructor(folder: string, seed: number) {
    this.folder = folder;
    this.random = createSeededRandom(seed).bytes;
    this.data = dataFolder(join(folder, "data"));
    this.copy = join(folder, "copy");
    this.client = new TreeClient(this.#tree, this.clock.now);
  }

  /** alpha 1.0 and beta 1.0 are in the copy, with their files; alpha 6.6 came, beta 1.0 was removed with its bytes. */
  static async open(t: TestContext, seed: number = 1): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-recover-"));
    t.after(() => rm(folder, { recursive: true }));
    const scene = new Scene(folder, seed);
    await scene.#init();
    await scene.client.init(await readFile(join(scene.data.publicTree, "tuf", "1.root.json")));
    const bytes = await scene.publish(async (publisher) => {
      const [, kept] = [
        await scene.add(publisher, "alpha", "1.0"),
        await scene.add(publisher, "beta", "1.0"),
      ];
      await cp(scene.data.publicTree, join(scene.copy, "public"), { recursive: true });
      await cp(scene.data.files, join(scene.copy, "files"), { recursive: true });
      scene.clock.advance(HOUR);
      await scene.add(publisher, "alpha", "6.6");
      const filename = "beta-1.0.tar.gz";
      await publisher.submit({ kind: "remove-file", id: "remove", project: beta, filename });
      return kept;
    });
    await rm(storedFilePath(scene.data.files, bytes));
    assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);
    scene.clock.advance(HOUR);
    return scene;
  }

  async #init(): Promise<void> {
    const make = async (name: string) =>
      tufSigner(await makeKeyFile(join(this.data.offlineKeys, `${name}.pem`), this.random));
    const offline = {
      root: [await make("root-1"), await make("root-2")],
      targets: await make("targets"),
      claimed: await make("claimed"),
    };
    const online = await makeOnlineKeys(this.data.onlineKeys, this.random);
    const { lifetimes } = parseConfig("").signer;
    const keys = { rootThreshold: 2, offline, online: publicOnlineKeys(online) };
    const first = await initRepository(keys, lifetimes, this.clock.now());
    await writeFirstMetadata(this.data.publicTree, first);
  }

  async publish<T>(body: (publisher: Publisher) => Promise<T>): Promise<T> {
    const { data } = this;
    const store = await openSqliteSignerStore(join(data.signer, "signer.sqlite"));
    const publisher = createPublisher(
      {
        clock: this.clock.now,
        store,
        publicTree: openFolderPublicTree(data.publicTree),
        storedFiles: openFolderStoredFiles(data.files),
        keys: openKeyFolder(data.onlineKeys),
        steps: { reached: () => undefined },
        firstMetadata: () => readFirstMetadata(data.publicTree),
      },
      parseConfig("").signer,
    );
    await publisher.start();
    const result = await body(publisher);
    await publisher.stop();
    await store.close();
    return result;
  }

  /** The hash of its bytes. */
  async add(publisher: Publisher, name: string, version: string): Promise<string> {
    const filename = `${name}-${version}.tar.gz`;
    const bytes = formatUtf8(filename);
    const sha256 = sha256Hex(bytes);
    const path = storedFilePath(this.data.files, sha256);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const result = await publisher.submit({
      kind: "add-file",
      id: filename,
      project: normaliseProjectName(name),
      filename,
      version,
      sha256,
      size: bytes.byteLength,
      uploadTime: "2026-01-02T03:04:05Z",
    });
    assert.equal(result.outcome, "published");
    return sha256;
  }

  /** What a client that has seen everything so far finds on the page now. */
  async files(project: typeof alpha): Promise<readonly string[]> {
    this.#tree.clear();
    const { publicTree } = this.data;
    for (const path of readdirSync(publicTree, { recursive: true, encoding: "utf8" })) {
      if (path.endsWith(".json")) this.#tree.set(path, readFileSync(join(publicTree, path)));
    }
    const page = await this.client.readPage(project);
    return page === "absent" ? [page] : page.files.map(({ filename }) => filename);
  }

  async run<T>(body: (world: RecoveryWorld) => Promise<T>, kill?: number): Promise<T> {
    let count = 0;
    const opened = await openRecoveryWorld(this.data.root, "info", {
      clock: this.clock.now,
      random: this.random,
      output: this.#output(),
    });
    const steps = {
      reached: (step: PublicationStep) => {
        count += 1;
        if (count === kill) throw new Killed(step);
      },
    };
    const world = { ...opened, ports: { ...opened.ports, steps } };
    try {
      return await body(world);
    } finally {
      await world.close();
      this.clock.advance(1_000);
    }
  }

  #output(): Output {
    const nothing = (): void => undefined;
    return {
      say: (line) => void this.said.push(line),
      print: nothing,
      note: nothing,
      progress: (what) => void (what !== undefined && this.long.add(what)),
    };
  }

  options(...words: readonly string[]) {
    return parseRecoverOptions([...words, "--data", this.data.root]);
  }

  whole(...words: readonly string[]): WholeOptions {
    const good = words.includes("--no-copy") ? [] : ["--good", this.copy];
    const keys = ["--keys", this.data.offlineKeys, "--yes"];
    const options = this.options(...words, ...good, ...keys);
    assert.ok(options.command === "whole");
    return options;
  }

  plan(...words: readonly string[]): PlanOptions {
    const options = this.options("plan", ...words, "--out", this.plans);
    assert.ok(options.command === "plan");
    return options;
  }

  publication(...words: readonly string[]): PublishOptions {
    const options = this.options("publish", ...words, "--plan", this.plans);
    assert.ok(options.command === "publish");
    return options;
  }

  get plans(): string {
    return join(this.folder, "plan");
  }

  /** As the holders of these offline keys do on their own machines. */
  async sign(names: readonly string[]): Promise<string> {
    let file = parseCeremonyFile(await readFile(join(this.plans, "next.ceremony")));
    for (const name of names) {
      const signer = tufSigner(await readExistingKey(join(this.data.offlineKeys, `${name}.pem`)));
      ({ file } = await addSignature(file, signer));
    }
    const path = join(this.folder, "signed.ceremony");
    await writeFile(path, formatCeremonyFile(file));
    return path;
  }

  async expectRecovered(): Promise<void> {
    assert.deepEqual(await this.files(alpha), ["alpha-1.0.tar.gz"]);
    assert.deepEqual(await this.files(beta), ["beta-1.0.tar.gz"]);
    const bytes = formatUtf8("beta-1.0.tar.gz");
    const path = storedFilePath(this.data.files, sha256Hex(bytes));
    assert.deepEqual(new Uint8Array(await readFile(path)), bytes);
    assert.ok(existsSync(join(this.data.onlineKeys, "timestamp.retired.pem")));
    assert.ok(!existsSync(join(this.data.onlineKeys, "timestamp.next.pem")));
    await this.publish(async (publisher) => void (await this.add(publisher, "alpha", "2.0")));
    assert.deepEqual(await this.files(alpha), ["alpha-1.0.tar.gz", "alpha-2.0.tar.gz"]);
  }
}

class Killed extends Error {}

test("plan, ceremony and publication put everything back", async (t) => {
  const scene = await Scene.open(t);
  const planning = scene.plan("--stolen", "all-online", "--good", scene.copy, "--check-files");
  await scene.run((world) => makePlan(world, planning, new Map()));
  const report = await readFile(join(scene.plans, "report.txt"), "utf8");
  for (const line of [
    "alpha changed since the copy",
    "added     alpha-6.6.tar.gz",
    "removed   beta-1.0.tar.gz",
    "store: beta-1.0.tar.gz of beta is missing",
    "2 projects differ from the copy",
  ]) {
    assert.ok(report.includes(line), line);
  }
  const lines = (await readFile(join(scene.plans, "report.jsonl"), "utf8")).trim().split("\n");
  assert.equal(lines.map((line) => JSON.parse(line)).length, 3);

  const unsigned = scene.publication("--restore-all");
  await assert.rejects(
    scene.run((world) => publishRecovery(world, unsigned)),
    {
      code: "recovery.ceremony",
    },
  );
  const half = scene.publication("--restore-all", "--ceremony", await scene.sign(["root-1"]));
  await assert.rejects(
    scene.run((world) => publishRecovery(world, half)),
    {
      code: "recovery.ceremony",
      message: /root has 1 of 2 signatures/,
    },
  );
  const signed = await scene.sign(["root-1", "root-2", "targets"]);
  const undecided = scene.publication("--ceremony", signed);
  await assert.rejects(
    scene.run((world) => publishRecovery(world, undecided)),
    {
      code: "recovery.choice",
    },
  );
  const typo = scene.publication("--ceremony", signed, "--restore", "alfa");
  await assert.rejects(
    scene.run((world) => publishRecovery(world, typo)),
    /Cannot choose alfa/,
  );
  assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);

  const whole = scene.publication("--ceremony", signed, "--restore-all");
  await scene.run((world) => publishRecovery(world, whole));
  const bulletin = await readFile(join(scene.plans, "bulletin.txt"), "utf8");
  assert.match(bulletin, /alpha: alpha-6\.6\.tar\.gz sha256:[0-9a-f]{64}/);
  assert.match(bulletin, /are there again:\n {2}beta-1\.0\.tar\.gz/);
  await scene.expectRecovered();
  await assert.rejects(
    scene.run((world) => makePlan(world, planning, new Map())),
    { code: "recovery.plan" },
    "a finished recovery is no place for another",
  );
});

test("a plan that somebody has signed is not made anew", async (t) => {
  const scene = await Scene.open(t);
  const planning = scene.plan("--stolen", "all-online", "--good", scene.copy);
  const plan = (): Promise<unknown> => scene.run((world) => makePlan(world, planning, new Map()));
  await plan();
  await plan();
  await rename(await scene.sign(["root-1"]), join(scene.plans, "next.ceremony"));
  await assert.rejects(plan(), { code: "recovery.plan", message: /carries signatures/ });
});

test("who has not chosen, or says no, has signed nothing", async (t) => {
  const scene = await Scene.open(t);
  const signed = join(scene.data.root, "recovery", "signed.ceremony");
  const undecided = scene.whole("--stolen", "all-online");
  await assert.rejects(
    scene.run((world) => recoverWhole(world, undecided, undefined)),
    { code: "recovery.choice" },
  );
  assert.ok(!existsSync(signed));
  const asked = { ...scene.whole("--stolen", "all-online", "--restore-all"), yes: false };
  const answer = async (word: string): Promise<boolean> =>
    await scene.run((world) => recoverWhole(world, asked, () => Promise.resolve(word)));
  assert.equal(await answer("no"), false);
  assert.ok(!existsSync(signed));
  assert.equal(await answer("yes"), true);
  await scene.expectRecovered();
});

test("what lies in the plan's folder can be carried to others, and holds no key", async (t) => {
  const scene = await Scene.open(t);
  const wish = scene.whole("--stolen", "all-online,root,targets,claimed", "--restore-all");
  await scene.run((world) => recoverWhole(world, wish, undefined));
  const folder = join(scene.data.root, "recovery");
  const allowed = ~process.umask();
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  assert.equal(await modeOf(folder), 0o755 & allowed);
  const { folder: _folder, ...files } = planFolder(folder);
  assert.deepEqual(
    readdirSync(folder).toSorted(),
    Object.values(files)
      .map((path) => basename(path))
      .toSorted(),
  );
  for (const path of Object.values(files)) {
    assert.equal(await modeOf(path), 0o644 & allowed, path);
    assert.ok(!(await readFile(path, "utf8")).includes("PRIVATE"), path);
  }
});

test("a recovery that is done is not done again unasked", async (t) => {
  const scene = await Scene.open(t);
  const again = (...words: readonly string[]): Promise<boolean> =>
    scene.run((world) =>
      recoverWhole(world, scene.whole("--stolen", "all-online", ...words), undefined),
    );
  assert.equal(await again("--restore-all"), true);
  await scene.expectRecovered();
  const { bulletin, plan } = planFolder(join(scene.data.root, "recovery"));
  const state = async (): Promise<readonly unknown[]> => [
    ...(await Promise.all([bulletin, plan].map((path) => readFile(path, "utf8")))),
    ...(await readdirKeys(scene.data.onlineKeys)),
    ...(await readdirKeys(scene.data.offlineKeys)),
    readdirSync(join(scene.data.publicTree, "tuf")),
  ];
  const before = await state();
  for (const choice of ["--restore-all", "--restore-none"]) {
    await assert.rejects(again(choice), (error: Error) => {
      assert.match(error.message, /of timestamp, .* is done.*nothing was changed.*--again/);
      assert.equal(exitCodeOf(error), exitCodes.alreadyDone);
      return true;
    });
  }
  assert.deepEqual(await state(), before);
  assert.equal(await again("--restore-none", "--again"), true);
  assert.ok(existsSync(join(scene.data.publicTree, "tuf", "3.root.json")));
  assert.equal(
    readdirSync(scene.data.root).filter((one) => one.startsWith("recovery.before-")).length,
    1,
  );
});

test("holders who have missed roots are given them", async (t) => {
  const scene = await Scene.open(t);
  for (const stolen of ["timestamp", "snapshot"]) {
    const wish = scene.whole("--stolen", stolen, "--restore-none");
    await scene.run((world) => recoverWhole(world, wish, undefined));
  }
  const planning = scene.plan("--stolen", "all-online", "--good", scene.copy);
  await scene.run((world) => makePlan(world, planning, new Map()));
  const file = parseCeremonyFile(await readFile(join(scene.plans, "next.ceremony")));
  const first = await readFile(join(scene.data.publicTree, "tuf", "1.root.json"));
  const fingerprint = rootFingerprint(first);
  assert.equal(judgeRoot(openCeremony(file), undefined, { rootFingerprint: fingerprint }), "told");
});

test("a name that nothing has is refused before any work", async (t) => {
  const scene = await Scene.open(t);
  const planning = scene.plan("--stolen", "all-online", "--good", scene.copy);
  await scene.run((world) => makePlan(world, planning, new Map()));
  const signed = await scene.sign(["root-1", "root-2", "targets"]);
  const refusal = { code: "recovery.choice", message: /Cannot choose alfa.*nothing was changed/ };
  for (const option of ["--keep", "--restore"]) {
    const typo = scene.publication("--ceremony", signed, option, "alpha,alfa");
    await assert.rejects(
      scene.run((world) => publishRecovery(world, typo)),
      refusal,
    );
    const whole = scene.whole("--stolen", "all-online", option, "alpha,alfa");
    await assert.rejects(
      scene.run((world) => recoverWhole(world, whole, undefined)),
      refusal,
    );
  }
  assert.ok(!scene.long.has("putting back"));
  assert.ok(!existsSync(join(scene.plans, "bulletin.txt")));
  assert.ok(!existsSync(join(scene.data.root, "recovery", "signed.ceremony")), "nothing is signed");
  assert.ok(!existsSync(join(scene.data.publicTree, "tuf", "2.root.json")));
  await scene.run((world) =>
    publishRecovery(world, scene.publication("--ceremony", signed, "--keep", "alpha")),
  );
  assert.ok(scene.long.has("putting back"));
  assert.deepEqual(await scene.files(beta), ["beta-1.0.tar.gz"]);
});

test("what the operator keeps stays as it is", async (t) => {
  const scene = await Scene.open(t);
  await scene.run((world) =>
    recoverWhole(world, scene.whole("--stolen", "all-online", "--keep", "alpha"), undefined),
  );
  assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);
  assert.deepEqual(await scene.files(beta), ["beta-1.0.tar.gz"]);
  assert.ok(
    !(await readFile(join(scene.data.root, "recovery", "bulletin.txt"), "utf8")).includes("6.6"),
  );
});

test("no key at all: pages are put back under the keys that are there", async (t) => {
  const scene = await Scene.open(t);
  const before = await readFile(join(scene.data.onlineKeys, "timestamp.pem"));
  await scene.run((world) =>
    recoverWhole(world, scene.whole("--stolen", "none", "--restore-all"), undefined),
  );
  assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz"]);
  assert.deepEqual(await readFile(join(scene.data.onlineKeys, "timestamp.pem")), before);
});

test("everything stolen, root too: afterwards not one old key counts", async (t) => {
  const scene = await Scene.open(t);
  const stolen = "all-online,root,targets,claimed";
  const old = await readdirKeys(scene.data.offlineKeys);
  const before = await scene.publish(async (publisher) => publisher.status());
  assert.equal(before.newestRootFingerprint, undefined, "there is one root");
  await writeFile(join(scene.data.offlineKeys, "targets.pem.signed"), "what it has signed");
  await scene.run((world) =>
    recoverWhole(world, scene.whole("--stolen", stolen, "--restore-all"), undefined),
  );
  const names = readdirSync(scene.data.offlineKeys);
  assert.ok(names.includes("root-2.stolen.pem") && names.includes("claimed.stolen.pem"));
  assert.ok(names.includes("targets.stolen.pem.signed"), "a note goes with its key");
  assert.ok(!names.includes("targets.pem.signed"));
  const fresh = await readdirKeys(scene.data.offlineKeys);
  assert.deepEqual([...fresh.keys()], [...old.keys()]);
  for (const [name, keyId] of fresh) assert.notEqual(keyId, old.get(name), name);
  const root = await readFile(join(scene.data.publicTree, "tuf", "3.root.json"), "utf8");
  const after = await scene.publish(async (publisher) => publisher.status());
  assert.equal(after.rootFingerprint, before.rootFingerprint);
  assert.equal(after.newestRootFingerprint, `sha256:${sha256Hex(formatUtf8(root))}`);
  const targets = JSON.parse(
    await readFile(join(scene.data.publicTree, "tuf", "timestamp.json"), "utf8"),
  );
  assert.ok(targets.signed.version > 1);
  for (const keyId of old.values()) {
    assert.ok(!JSON.stringify(JSON.parse(root).signed).includes(keyId));
  }
  await scene.expectRecovered();
});

async function readdirKeys(folder: string): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for (const name of readdirSync(folder)
    .filter((one) => !one.includes(".stolen."))
    .toSorted()) {
    keys.set(name, tufSigner(await readExistingKey(join(folder, name))).key.keyId);
  }
  return keys;
}

test("killed at each step and begun again, it ends as if nothing had happened", async (t) => {
  const honest = await Scene.open(t);
  const wish = (scene: Scene): WholeOptions =>
    scene.whole("--stolen", "all-online,root,targets", "--restore-all");
  let steps = 0;
  await honest.run(async (world) => {
    const counted = { ...world.ports, steps: { reached: () => void (steps += 1) } };
    return await recoverWhole({ ...world, ports: counted }, wish(honest), undefined);
  });
  assert.ok(steps > 30);
  // Some of them: each costs a data folder, and core/recovery dies at every one.
  for (let at = 1; at <= steps; at += 7) {
    const scene = await Scene.open(t);
    const run = (kill?: number): Promise<boolean> =>
      scene.run((world) => recoverWhole(world, wish(scene), undefined), kill);
    await assert.rejects(run(at), Killed);
    await scene.files(alpha);
    assert.equal(await run(), true);
    const bulletin = await readFile(join(scene.data.root, "recovery", "bulletin.txt"), "utf8");
    assert.ok(bulletin.includes("alpha-6.6.tar.gz"), `killed at ${at}: users must be told`);
    await scene.expectRecovered();
  }
});

test("a key made ahead before the break-in is as stolen as the others", async (t) => {
  const scene = await Scene.open(t);
  const { onlineKeys } = scene.data;
  const { key } = tufSigner(
    await makeKeyFile(join(onlineKeys, "timestamp.next.pem"), scene.random),
  );
  await scene.run((world) =>
    recoverWhole(world, scene.whole("--stolen", "timestamp", "--restore-none"), undefined),
  );
  const now = tufSigner(await readExistingKey(join(onlineKeys, "timestamp.pem")));
  assert.notEqual(now.key.keyId, key.keyId);
  const root = await readFile(join(scene.data.publicTree, "tuf", "2.root.json"), "utf8");
  assert.ok(!root.includes(key.keyId));
});

test("new offline keys come as cards of their holders", async (t) => {
  const scene = await Scene.open(t);
  const bare = scene.plan("--stolen", "targets", "--no-copy");
  await assert.rejects(
    scene.run((world) => makePlan(world, bare, new Map())),
    {
      code: "recovery.plan",
      message: /--card targets=FILE/,
    },
  );
  const { key } = tufSigner(
    await makeKeyFile(join(scene.data.offlineKeys, "new.pem"), scene.random),
  );
  const card = join(scene.folder, "ada.card");
  await writeFile(card, formatKeyCard({ name: "Ada Lovelace", kind: "file", key }));
  const planning = scene.plan("--stolen", "targets", "--no-copy", "--card", `targets=${card}`);
  const cards = await readCards(planning.cards);
  await scene.run((world) => makePlan(world, planning, cards));
  const signed = await scene.sign(["root-1", "root-2", "targets", "new"]);
  await scene.run((world) => publishRecovery(world, scene.publication("--ceremony", signed)));
  const targets = readdirSync(join(scene.data.publicTree, "tuf")).filter((name) =>
    name.includes(".targets."),
  );
  assert.equal(targets.length, 2);
  assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);
});

test("what the rules of ceremonies refuse is not published, whoever signed it", async (t) => {
  const scene = await Scene.open(t);
  const planning = scene.plan("--stolen", "timestamp", "--no-copy");
  await scene.run((world) => makePlan(world, planning, new Map()));
  const signed = await scene.sign(["root-1", "root-2"]);
  const file = parseCeremonyFile(await readFile(signed));
  const thresholds = { ...file.policy.thresholds, root: 3 };
  const stricter = join(scene.folder, "stricter.ceremony");
  const policy = { ...file.policy, thresholds };
  await writeFile(stricter, formatCeremonyFile({ ...file, policy }));
  const refused = scene.publication("--ceremony", stricter);
  await assert.rejects(
    scene.run((world) => publishRecovery(world, refused)),
    { code: "recovery.ceremony", message: /root would need 2/ },
  );
  assert.ok(!existsSync(join(scene.data.publicTree, "tuf", "2.root.json")));
  const good = scene.publication("--ceremony", signed);
  await scene.run((world) => publishRecovery(world, good));
  assert.ok(existsSync(join(scene.data.publicTree, "tuf", "2.root.json")));
});

test("what was signed for one theft is not published for another", async (t) => {
  const scene = await Scene.open(t);
  const first = scene.whole("--stolen", "timestamp", "--restore-all");
  const run = (wish: WholeOptions, kill?: number): Promise<boolean> =>
    scene.run((world) => recoverWhole(world, wish, undefined), kill);
  await assert.rejects(run(first, 1), Killed);
  const paths = planFolder(join(scene.data.root, "recovery"));
  const [plan, signed] = [await readFile(paths.plan), await readFile(paths.signed)];
  await assert.rejects(run(scene.whole("--stolen", "all-online", "--restore-all")), {
    code: "recovery.plan",
    message: /unfinished recovery of timestamp/,
  });
  assert.deepEqual([await readFile(paths.plan), await readFile(paths.signed)], [plan, signed]);
  assert.ok(!existsSync(join(scene.data.publicTree, "tuf", "2.root.json")));
  assert.equal(await run(first), true);
  await scene.expectRecovered();
});

test("what a plan casts off it casts off also when it is made anew for less", async (t) => {
  const scene = await Scene.open(t);
  const both = scene.plan("--stolen", "timestamp,snapshot", "--no-copy");
  const less = scene.plan("--stolen", "timestamp", "--no-copy");
  const first = await scene.run((world) => makePlan(world, both, new Map()));
  const second = await scene.run((world) => makePlan(world, less, new Map()));
  assert.deepEqual(new Set(second.plan.castOff), new Set(first.plan.castOff));
  const half = scene.publication("--ceremony", await scene.sign(["root-1", "root-2"]));
  await assert.rejects(
    scene.run((world) => publishRecovery(world, half)),
    { code: "recovery.key-kept", message: /snapshot would keep/ },
  );
  assert.ok(!existsSync(join(scene.data.publicTree, "tuf", "2.root.json")));
  await scene.run((world) => makePlan(world, both, new Map()));
  const whole = scene.publication("--ceremony", await scene.sign(["root-1", "root-2"]));
  await scene.run((world) => publishRecovery(world, whole));
  assert.deepEqual(await scene.files(alpha), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);
});

test("ceremony files and cards are read as what travels: small plain files", async (t) => {
  const scene = await Scene.open(t);
  const planning = scene.plan("--stolen", "timestamp", "--no-copy");
  await scene.run((world) => makePlan(world, planning, new Map()));
  const path = join(scene.folder, "huge");
  await writeFile(path, "");
  await truncate(path, 2 ** 40);
  const refused = { code: "ceremony.input", message: /larger than/ };
  const given = scene.publication("--ceremony", path);
  await assert.rejects(
    scene.run((world) => publishRecovery(world, given)),
    refused,
  );
  await assert.rejects(readCards([{ owner: "targets", path }]), refused);
});

test("a copy of another index, or one that was changed, is refused before anything is done", async (t) => {
  const scene = await Scene.open(t);
  const other = await Scene.open(t, 2);
  const foreign = scene.plan(
    "--stolen",
    "all-online",
    "--good",
    scene.copy,
    "--good-root",
    join(other.data.publicTree, "tuf", "1.root.json"),
  );
  await assert.rejects(
    scene.run((world) => makePlan(world, foreign, new Map())),
    { code: "recovery.copy" },
  );
  const timestamp = join(scene.copy, "public", "tuf", "timestamp.json");
  const text = await readFile(timestamp, "utf8");
  await writeFile(timestamp, text.replace('"version":', '"version":1'));
  const planning = scene.plan("--stolen", "all-online", "--good", scene.copy);
  await assert.rejects(
    scene.run((world) => makePlan(world, planning, new Map())),
    {
      code: "recovery.copy",
      message: /tuf\.threshold/,
    },
  );
  assert.ok(!existsSync(join(scene.data.onlineKeys, "timestamp.next.pem")));
  const bare = scene.plan("--stolen", "all-online");
  await assert.rejects(
    scene.run((world) => makePlan(world, bare, new Map())),
    /--good, or say --no-copy/,
  );
});

test("beside a signer nothing is begun, and where there is no database none is made", async (t) => {
  const scene = await Scene.open(t);
  await scene.run(async () => {
    await assert.rejects(
      scene.run(async () => undefined),
      {
        code: "data-folder.in-use",
        message: /end the signer/,
      },
    );
  });
  await rm(join(scene.data.signer, "signer.sqlite"));
  await assert.rejects(
    scene.run(async () => undefined),
    { code: "data-folder.unusable" },
  );
  assert.ok(!existsSync(join(scene.data.signer, "signer.sqlite")));
});

test("options that contradict each other are refused", () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["plan", "--out", "P"], /--stolen says/],
    [["plan", "--stolen", "all", "--out", "P"], /none of all-online/],
    [["plan", "--stolen", "bins"], /--out names/],
    [["plan", "--stolen", "bins", "--out", "P", "--good", "G", "--no-copy"], /contradict/],
    [["plan", "--stolen", "bins", "--out", "P", "--restore-all"], /takes no --restore-all/],
    [["plan", "--stolen", "root", "--out", "P", "--card", "ada.card"], /--card takes/],
    [["publish", "--plan", "P", "--restore", "a", "--keep", "b"], /exclude each other/],
    [["publish", "--plan", "P", "--restore", "a b"], /is not a project name/],
    [["publish", "--restore-all"], /--plan names/],
    [["--stolen", "bins"], /--keys/],
    [["publsh"], /there is no "recover publsh"/],
  ];
  for (const [words, message] of wrong) {
    assert.throws(
      () => parseRecoverOptions(words),
      { code: "options.invalid", message },
      words.join(" "),
    );
  }
  const plan = parseRecoverOptions([
    "plan",
    "--stolen",
    "all-online,targets",
    "--out",
    "P",
    "--no-copy",
  ]);
  assert.ok(plan.command === "plan" && plan.stolen.length === 7 && plan.hasNoCopy);
});
