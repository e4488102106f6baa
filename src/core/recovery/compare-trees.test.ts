import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { nextMetadata, signRole } from "#core/tuf/editor.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import { pageTarget, publicPagePath, publicRolePath } from "#core/tuf/layout.ts";
import { binRoles, signBin, signSnapshot, signTimestamp } from "#core/tuf/online-roles.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import { targetsToJson } from "#formats/tuf/targets.ts";
import { fileUrl, formatPage } from "#formats/python/simple-page.ts";
import { metaLines } from "#formats/tuf/snapshot.ts";
import { createMemoryPublicTree } from "#stores/memory/public-tree.ts";
import { backupSignerDisk } from "#stores/memory/signer-store.ts";
import { DAY, HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSignerWorld, createSimSigner, memoryStore, storeSdist } from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { memoryFileCopies } from "#world/recovery.ts";
import { TreeAuditor } from "#world/tree-client.ts";
import { compareTrees } from "./compare-trees.ts";
import type { ComparedPorts, ComparedProject, Comparison } from "./compare-trees.ts";
import { openCopiedTree, readListedPage } from "./copied-tree.ts";
import type { TreeReader } from "./tree-reader.ts";

const alpha = normaliseProjectName("alpha");
const beta = normaliseProjectName("beta");

type Scene = {
  readonly clock: SimClock;
  readonly world: SignerWorld;
  readonly signer: Publisher;
  /** As an independent machine copied it with alpha 1.0, beta 1.0 and beta 1.1. */
  readonly copy: Map<string, Uint8Array>;
};

async function aScene(): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes, {
    binsBitLength: 2,
  });
  const signer = createSimSigner(world);
  await signer.start();
  for (const [name, version] of [
    ["alpha", "1.0"],
    ["beta", "1.0"],
    ["beta", "1.1"],
  ] as const) {
    await signer.submit(storeSdist(world, name, version));
  }
  const copy = new Map(world.tree);
  clock.advance(HOUR);
  return { clock, world, signer, copy };
}

async function portsOf({ copy, world }: Scene): Promise<ComparedPorts> {
  const copyReader = createMemoryPublicTree(copy);
  const publishedReader = createMemoryPublicTree(world.tree);
  const anchor = world.first.root;
  return {
    store: memoryStore(world),
    copy: await openCopiedTree(copyReader, anchor, { olderRoots: true }),
    copyReader,
    published: await openCopiedTree(publishedReader, anchor, { olderRoots: false }),
    publishedReader,
  };
}

async function compare(scene: Scene): Promise<readonly Comparison[]> {
  return await collect(compareTrees(await portsOf(scene)));
}

const aSigning = (clock: SimClock) => ({ version: 66, now: clock.now(), lifetimeMs: DAY });

/** With all keys: this role in the place of the one that is there, and a snapshot and a timestamp that name it. */
async function republish(
  scene: Scene,
  tree: Map<string, Uint8Array>,
  file: RoleFile,
): Promise<void> {
  const { clock, world } = scene;
  const before = (await portsOf(scene)).copy.view.snapshot.value.meta;
  const meta = new Map([...before, [file.role, { version: file.version }]]);
  const { snapshot: first, timestamp: second } = world.online;
  const snapshot = await signSnapshot(metaLines(meta), { ...aSigning(clock), signers: [first] });
  const listed = { ...snapshot, length: snapshot.bytes.byteLength };
  const timestamp = await signTimestamp(listed, { ...aSigning(clock), signers: [second] });
  for (const { bytes, role, version } of [file, snapshot]) {
    tree.set(publicRolePath(role, version), bytes);
  }
  tree.set("tuf/timestamp.json", timestamp.bytes);
}

/** As many bytes, and not the signature that was there. */
function spoilSignature(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  return formatUtf8(text.replace(/"sig":"(.)/, (_, first) => `"sig":"${first === "0" ? 1 : 0}`));
}

async function collect(found: AsyncIterable<Comparison>): Promise<readonly Comparison[]> {
  const all: Comparison[] = [];
  for await (const one of found) all.push(one);
  return all;
}

function findProject(found: readonly Comparison[], name: string): ComparedProject {
  const project = found.find((one) => one.kind === "project" && one.project === name);
  assert.ok(project?.kind === "project", `nothing is said of ${name}`);
  return project;
}

const filesOf = (difference: ComparedProject["database"]): readonly string[] =>
  difference?.files.map(({ filename, kind }) => `${kind} ${filename}`) ?? [];

test("a copy of what is there now differs in nothing, also long after it expired", async () => {
  const scene = await aScene();
  assert.deepEqual(await compare(scene), []);
  scene.clock.advance(900 * DAY);
  assert.deepEqual(await compare(scene), []);
});

test("what came, went, or was yanked since is found, file by file", async () => {
  const scene = await aScene();
  const { signer, world } = scene;
  await signer.submit(storeSdist(world, "alpha", "2.0"));
  await signer.submit(storeSdist(world, "gamma", "1.0"));
  const yank = { kind: "yank-file", id: "y", project: beta, filename: "beta-1.0.tar.gz" } as const;
  await signer.submit({ ...yank, yanked: "no more" });
  const gone = { project: beta, filename: "beta-1.1.tar.gz" };
  await signer.submit({ kind: "remove-file", id: "r", ...gone });
  await signer.submit({ kind: "set-status", id: "s", project: alpha, status: "archived" });
  const found = await compare(scene);
  assert.deepEqual(
    new Set(found.map((one) => one.kind === "project" && `${one.database?.kind} ${one.project}`)),
    new Set(["added gamma", "changed alpha", "changed beta"]),
  );
  assert.deepEqual(filesOf(findProject(found, "alpha").database), ["added alpha-2.0.tar.gz"]);
  assert.deepEqual(findProject(found, "alpha").database?.status, { was: "active", is: "archived" });
  assert.deepEqual(filesOf(findProject(found, "beta").database), [
    "yanked beta-1.0.tar.gz",
    "removed beta-1.1.tar.gz",
  ]);
  assert.deepEqual(filesOf(findProject(found, "gamma").database), ["added gamma-1.0.tar.gz"]);
  // The public tree says what the database says.
  assert.ok(found.every((one) => one.kind === "project" && one.published === undefined));
});

test("other bytes under a name, and a name bound to other bytes, are found in the database itself", async () => {
  const scene = await aScene();
  const { world } = scene;
  const stored = world.disk.pages.get(alpha)?.at(-1);
  const filename = "alpha-1.0.tar.gz";
  const change = stored?.changed.find((one) => one.filename === filename);
  assert.ok(stored !== undefined && change?.entry !== undefined);
  const forged = new TextDecoder().decode(change.entry).replaceAll(/[0-9a-f]{64}/g, "6".repeat(64));
  const changed = [{ ...change, entry: formatUtf8(forged) }];
  // Only the entry: the page's own row, which a reader would trust, says what it always said.
  world.disk.pages.set(alpha, [{ ...stored, changed }]);
  const found = findProject(await compare(scene), "alpha");
  assert.deepEqual(filesOf(found.database), [`changed ${filename}`]);
  assert.deepEqual(found.bindings, []);

  const binding = world.disk.bindings.get("beta-1.0.tar.gz");
  assert.ok(binding !== undefined);
  world.disk.bindings.set(binding.filename, { ...binding, sha256: "7".repeat(64) });
  assert.deepEqual(findProject(await compare(scene), "beta").bindings, ["beta-1.0.tar.gz"]);
});

test("a project that the database lost is gone, not unknown", async () => {
  const scene = await aScene();
  scene.world.disk.pages.delete(beta);
  const found = findProject(await compare(scene), "beta");
  assert.equal(found.database?.kind, "gone");
  assert.deepEqual(filesOf(found.database), ["removed beta-1.0.tar.gz", "removed beta-1.1.tar.gz"]);
});

test("what a thief of all online keys signed into the public tree is told apart from the database", async () => {
  const scene = await aScene();
  const { world } = scene;
  await scene.signer.stop();
  const thief = { ...world, disk: backupSignerDisk(world.disk), tree: new TreeAuditor() };
  for (const [path, bytes] of world.tree) thief.tree.set(path, bytes);
  thief.disk.restored = false;
  const evil = createSimSigner(thief);
  await evil.start();
  await evil.submit(storeSdist(thief, "alpha", "6.6"));
  for (const [path, bytes] of thief.tree) Map.prototype.set.call(world.tree, path, bytes);
  const found = findProject(await compare(scene), "alpha");
  assert.equal(found.database, undefined);
  assert.deepEqual(filesOf(found.published), ["added alpha-6.6.tar.gz"]);
});

test("a page that recently-claimed puts before the bins is what a client gets, so it is what is compared", async () => {
  const scene = await aScene();
  const { clock, world } = scene;
  const gone = storeSdist(world, "alpha", "6.6");
  const page = formatPage({
    name: alpha,
    status: "active",
    versions: ["6.6"],
    files: [{ ...gone, url: fileUrl(alpha, gone.sha256, gone.filename), yanked: false }],
  });
  const sha256 = sha256Hex(page);
  const targets = new Map([
    [pageTarget(alpha), { length: page.byteLength, hashes: new Map([["sha256", sha256]]) }],
  ]);
  const signing = { ...aSigning(clock), signers: [world.online["recently-claimed"]] };
  const metadata = nextMetadata(signing);
  const tree = targetsToJson({ ...metadata, targets });
  world.tree.set(publicPagePath(alpha, sha256), page);
  await republish(scene, world.tree, await signRole("recently-claimed", metadata, tree, signing));
  const found = findProject(await compare(scene), "alpha");
  assert.equal(found.database, undefined);
  assert.deepEqual(filesOf(found.published), [
    "removed alpha-1.0.tar.gz",
    "added alpha-6.6.tar.gz",
  ]);
});

test("what does not verify in the copy is listed and nothing is concluded from it", async () => {
  const scene = await aScene();
  const { copy, signer, world } = scene;
  await signer.submit(storeSdist(world, "alpha", "2.0"));
  const damaged: string[] = [];
  for (const [path, bytes] of copy) {
    const [, bin] = /^tuf\/[0-9]+\.(bin-.)\.json$/.exec(path) ?? [];
    if (bin === undefined) continue;
    copy.set(path, spoilSignature(bytes));
    damaged.push(`copy ${bin} tuf.hash`);
  }
  const found = await compare(scene);
  const codes = found.map((one) =>
    one.kind === "fault" ? `${one.where} ${one.what} ${one.code}` : one.kind,
  );
  assert.deepEqual(new Set(codes), new Set(damaged));
  assert.ok(
    found.every(({ kind }) => kind === "fault"),
    "nothing is called new or gone",
  );
});

test("what a bin says of a project of another bin is what no client would find, and is not believed", async () => {
  const scene = await aScene();
  const { clock, copy, world } = scene;
  const bin = binName(binRoles(world.online.bins.key, 2), pageTarget(alpha));
  const stray = ["beta", "gamma", "delta", "epsilon"]
    .map(normaliseProjectName)
    .find((name) => binName(binRoles(world.online.bins.key, 2), pageTarget(name)) !== bin);
  assert.ok(stray !== undefined);
  const own = await memoryStore(world).readPage(alpha);
  assert.ok(own !== undefined);
  const signing = { ...aSigning(clock), signers: [world.online.bins] };
  const { file } = await signBin(bin, [own, { ...own, project: stray }], signing);
  await republish(scene, copy, file);
  const found = await compare(scene);
  assert.deepEqual(
    found.map((one) => one.kind === "fault" && [one.where, one.what, one.code]),
    [["copy", pageTarget(stray), "tuf.delegations"]],
  );
});

test("a page that the copy has lost is taken from wherever its bytes still are", async () => {
  const scene = await aScene();
  const { copy, signer, world } = scene;
  await signer.submit(storeSdist(world, "beta", "2.0"));
  for (const path of [...copy.keys()]) if (path.startsWith("targets/")) copy.delete(path);
  assert.deepEqual(filesOf(findProject(await compare(scene), "beta").database), [
    "added beta-2.0.tar.gz",
  ]);
  for (const path of [...world.tree.keys()]) if (path.includes("/beta/")) world.tree.delete(path);
  const [fault] = await compare(scene);
  assert.deepEqual(fault?.kind === "fault" && [fault.where, fault.what, fault.code], [
    "copy",
    "beta",
    "tuf.missing",
  ]);
});

test("a copy whose top does not verify is refused with the client's code", async () => {
  const scene = await aScene();
  const pointer = "tuf/timestamp.json";
  scene.copy.set(pointer, spoilSignature(scene.copy.get(pointer) ?? new Uint8Array()));
  await assert.rejects(portsOf(scene), { code: "tuf.threshold" });
  scene.copy.set(pointer, new Uint8Array(1_000_000));
  await assert.rejects(portsOf(scene), { code: "tuf.length" });
  scene.copy.delete(pointer);
  await assert.rejects(portsOf(scene), { code: "tuf.missing" });
});

test("stored files of good pages are looked at where that is wished", async () => {
  const scene = await aScene();
  const { world } = scene;
  const ports = { ...(await portsOf(scene)), ownFiles: memoryFileCopies(world) };
  assert.deepEqual(await collect(compareTrees(ports)), []);
  const [first, second] = [...world.files.keys()];
  assert.ok(first !== undefined && second !== undefined);
  world.files.set(first, formatUtf8("other bytes"));
  world.files.delete(second);
  const found = await collect(compareTrees(ports));
  const states = found.map((one) => one.kind === "file" && `${one.state} ${one.sha256}`);
  assert.deepEqual(new Set(states), new Set([`damaged ${first}`, `missing ${second}`]));
});

test("progress is told range by range", async () => {
  const told: number[] = [];
  const ports = await portsOf(await aScene());
  await collect(compareTrees(ports, ({ done }) => void told.push(done)));
  assert.deepEqual(told, [1, 2, 3, 4]);
  assert.equal(ports.copy.rootFingerprint, sha256Hex(ports.copy.view.root.bytes));
});

test("a page of the copy counts with the bytes that its bin lists, and as the page of its own project", async () => {
  const scene = await aScene();
  const { copy, signer, world } = scene;
  await signer.submit(storeSdist(world, "beta", "2.0"));
  const paths = [...copy.keys()].filter((path) => path.includes("/beta/"));
  const newest = paths.at(-1) ?? "";
  for (const tree of [copy, world.tree])
    Map.prototype.set.call(tree, newest, spoilPage(copy, newest));
  const [fault] = await compare(scene);
  assert.deepEqual(fault?.kind === "fault" && [fault.where, fault.what, fault.code], [
    "copy",
    "beta",
    "tuf.hash",
  ]);
  const bytes = [...copy].find(([path]) => path.includes("/alpha/"))?.[1];
  assert.ok(bytes !== undefined);
  const listed = {
    project: normaliseProjectName("beta"),
    size: bytes.byteLength,
    sha256: sha256Hex(bytes),
  };
  const path = publicPagePath(listed.project, listed.sha256);
  const tree = createMemoryPublicTree(new Map([[path, bytes]]));
  await assert.rejects(readListedPage([tree], listed), { code: "page.mismatch" });
});

/** As long, and a page: one digit of a hash is another one. */
function spoilPage(tree: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const text = new TextDecoder().decode(tree.get(path));
  return formatUtf8(text.replace(/"upload-time":"2/, '"upload-time":"3'));
}

test("a page that is listed larger than any client reads is not read, whoever has signed that", async () => {
  const project = normaliseProjectName("demo");
  const size = 2 ** 40;
  const tree: TreeReader = {
    readSize: async () => size,
    read: async () => assert.fail("it is read"),
  };
  const listed = { project, size, sha256: "00".repeat(32) };
  await assert.rejects(readListedPage([tree, tree], listed), { code: "tuf.length" });
});
