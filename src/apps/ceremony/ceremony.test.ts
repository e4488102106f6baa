/** The commands as people give them, each person with a folder of their own; a signer publishes, a client follows. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { Secret } from "#crypto/secret.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatCeremonyFile, parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import { formatKeyCard, parseKeyCard } from "#formats/ceremony/key-card.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { rootFingerprint } from "#core/ceremony/signing-memory.ts";
import { parsePassphrase } from "#core/keys/passphrase.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { makeKeyFile } from "#stores/folder/key-file.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { bent } from "#world/ceremony-people.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { createSimClock, DAY } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSignerWorld, createSimSigner, memoryTree } from "#world/sim-signer.ts";
import { TreeClient } from "#world/tree-client.ts";
import type { CeremonyDoor } from "./ceremony-door.ts";
import { runCeremony } from "./program.ts";

type Run = { readonly status: number; readonly out: string; readonly err: string };

class Stage {
  readonly folder: string;
  readonly clock: SimClock = createSimClock("2026-11-21T10:00:00Z");
  readonly random: SeededRandom;
  readonly data: DataFolder;
  signer: Publisher | undefined;
  /** What the person at the terminal answers; undefined: nobody is there. */
  answer: string | undefined;
  passphrase: Secret | undefined;

  constructor(folder: string, seed: number) {
    this.folder = folder;
    this.random = createSeededRandom(seed);
    this.data = dataFolder(join(folder, "data"));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async run(...args: readonly string[]): Promise<Run> {
    let [out, err] = ["", ""];
    const { answer, clock, passphrase, random } = this;
    const status = await runCeremony(
      args,
      {
        clock: clock.now,
        random: random.bytes,
        signerPorts: () => ({
          askPassphrase: () => {
            if (passphrase !== undefined) return Promise.resolve(passphrase);
            return Promise.reject(new Error("no key here is encrypted"));
          },
          env: { HOME: this.folder },
          timer: () => () => undefined,
          show: () => undefined,
        }),
        ask: answer === undefined ? undefined : () => Promise.resolve(answer),
        openDoor: () => this.#door(),
      },
      { out: (text) => void (out += text), err: (text) => void (err += text) },
    );
    return { status, out, err };
  }

  async well(...args: readonly string[]): Promise<string> {
    const { err, out, status } = await this.run(...args);
    assert.equal(status, 0, err);
    return out;
  }

  /** Fails with this code and status, and says so. */
  async refused(code: string, status: number, ...args: readonly string[]): Promise<string> {
    const run = await this.run(...args);
    assert.match(run.err, new RegExp(`\\[${code.replace(".", "\\.")}\\]`));
    assert.equal(run.status, status);
    return run.err;
  }

  async person(name: string, file: string): Promise<void> {
    await makeKeyFile(this.path(`${file}.pem`), this.random.bytes);
    const [key, card] = [this.path(`${file}.pem`), this.path(`${file}.card`)];
    await this.well("key", name, "--key", key, "--card", card);
  }

  async sign(file: string, who: string, ...more: readonly string[]): Promise<Run> {
    return await this.run("sign", this.path(file), "--key", this.path(`${who}.pem`), ...more);
  }

  async read(file: string): Promise<CeremonyFile> {
    return parseCeremonyFile(new Uint8Array(await readFile(this.path(file))));
  }

  async write(file: string, ceremony: CeremonyFile): Promise<void> {
    await writeFile(this.path(file), formatCeremonyFile(ceremony));
  }

  /** The first ceremony, up to a file that needs signatures. */
  async create(): Promise<void> {
    const [ada, bob, carol] = ["ada", "bob", "carol"].map((who) => this.path(`${who}.card`));
    assert.ok(ada !== undefined && bob !== undefined && carol !== undefined);
    await this.person("Ada Lovelace", "ada");
    await this.person("Bob", "bob");
    await this.person("Carol", "carol");
    await this.well("online-keys", "--data", this.data.root, "--out", this.path("online.cards"));
    const roots = ["--root", ada, "--root", bob, "--root", carol, "--threshold", "root=2"];
    const others = ["--targets", ada, "--claimed", bob, "--online", this.path("online.cards")];
    await this.well("create", ...roots, ...others, "--out", this.path("first"));
  }

  async start(): Promise<TreeClient> {
    await this.create();
    await this.sign("first", "ada", "--yes");
    await this.sign("first", "bob", "--yes");
    await this.well("publish", this.path("first"), "--data", this.data.root);
    const world = await createSignerWorld(this.clock.now, createSeededRandom(1).bytes);
    const [tree, folder] = [memoryTree(world), openFolderPublicTree(this.data.publicTree)];
    this.signer = createSimSigner(world, {
      // The client reads from memory; `current` looks for past roots where a real signer leaves them.
      publicTree: {
        ...tree,
        async write(path, pieces) {
          await tree.write(path, pieces);
          if (path.endsWith(".root.json")) await folder.write(path, pieces);
        },
      },
      keys: openKeyFolder(this.data.onlineKeys),
      firstMetadata: () => readFirstMetadata(this.data.publicTree),
    });
    await this.signer.start();
    const metadata = await readFirstMetadata(this.data.publicTree);
    assert.ok(metadata);
    return await new TreeClient(world.tree, this.clock.now).init(metadata.root);
  }

  async current(file: string): Promise<void> {
    await this.well("current", "--data", this.data.root, "--out", this.path(file));
  }

  #door(): CeremonyDoor {
    const { signer } = this;
    assert.ok(signer, "the signer runs");
    return {
      readStatus: async () => signer.status(),
      readCurrent: () => signer.currentOffline(),
      submit: (metadata) => signer.submitOffline(metadata),
      close: () => undefined,
    };
  }
}

async function aStage(t: TestContext, seed: number = 7): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-ceremony-"));
  t.after(() => rm(folder, { recursive: true }));
  return new Stage(folder, seed);
}

test("a first ceremony, every routine change, and a client that follows each", async (t) => {
  const stage = await aStage(t);
  const client = await stage.start();
  await client.refresh();
  let step = 0;
  /** Who signs for the first time gives the fingerprint; who has missed some roots need not. */
  const words = async (person: string): Promise<readonly string[]> => {
    if (existsSync(stage.path(`${person}.pem.signed`))) return [];
    return ["--fingerprint", stage.signer?.status().rootFingerprint ?? ""];
  };
  const change = async (who: readonly string[], ...edits: readonly string[]): Promise<void> => {
    const [current, next] = [`current-${++step}`, `next-${step}`];
    await stage.current(current);
    await stage.well("propose", stage.path(current), ...edits, "--out", stage.path(next));
    for (const person of who) {
      const { err, status } = await stage.sign(next, person, "--yes", ...(await words(person)));
      assert.equal(status, 0, err);
    }
    assert.match(await stage.well("check", stage.path(next)), /complete/);
    await stage.well("publish", stage.path(next), "--data", stage.data.root);
    stage.clock.advance(DAY / 8);
    await client.refresh();
  };
  const rotate = async (names: string): Promise<string> => {
    const out = stage.path(`cards-${++step}`);
    await stage.well("online-keys", "--data", stage.data.root, "--rotate", names, "--out", out);
    return out;
  };
  await change(["ada", "bob"], "--renew", "root,targets,claimed");
  await change(["ada", "carol"], "--online", await rotate("timestamp,snapshot"));
  await change(["ada"], "--online", await rotate("deny,recently-claimed,unclaimed"));
  await stage.person("Dave", "dave");
  const dave = `root=${stage.path("dave.card")}`;
  await change(["ada", "dave", "bob"], "--add-key", dave, "--remove-key", "root=Carol");
  await change(["bob", "dave", "ada"], "--threshold", "root=3");
  await change(["bob", "dave", "ada"], "--expires", "root=2027-01-31");
  await change(["ada", "bob", "dave"], "--renew", "targets", "--floor", "targets=4");
  // Ada's key for targets is lost: first another one beside it, then without it.
  await change(["bob", "dave", "ada"], "--add-key", `targets=${stage.path("carol.card")}`);
  await change(["bob", "dave", "ada", "carol"], "--remove-key", "targets=Ada Lovelace");
  const view = await client.refresh();
  const { expires, floor, roles, version } = view.root.value;
  assert.deepEqual([version, expires.text, floor?.get("targets")], [9, "2027-11-22T10:00:00Z", 4]);
  assert.deepEqual([roles.root.threshold, roles.targets.keyIds.length], [3, 1]);
});

test("sign asks, and signs nothing unless the answer is yes", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  const before = await stage.read("first");
  const nobody = await stage.sign("first", "ada");
  assert.match(nobody.err, /\[ceremony\.unconfirmed\]/);
  stage.answer = "y";
  const unsure = await stage.sign("first", "ada");
  assert.match(unsure.err, /\[ceremony\.unconfirmed\]/);
  assert.deepEqual([nobody.status, unsure.status], [65, 65]);
  assert.deepEqual(await stage.read("first"), before);
  stage.answer = "yes";
  const signed = await stage.sign("first", "ada", "--out", stage.path("signed"));
  assert.equal(signed.status, 0, signed.err);
  assert.match(signed.err, /It signs: root 1, targets 1/);
  assert.deepEqual(await stage.read("first"), before);
  assert.equal(openCeremony(await stage.read("signed")).next.root?.signatures.size, 1);
});

test("a forged current is refused by what the key remembers, and by the fingerprint", async (t) => {
  const stage = await aStage(t);
  const honest = await stage.start();
  await honest.refresh();
  const mallory = await aStage(t, 8);
  await mallory.start();
  // Mallory's index looks like ours: the same names, other keys, but for Ada's and Carol's own.
  await copyFile(stage.path("ada.card"), mallory.path("ada.card"));
  await mallory.current("current");
  await stage.current("honest");
  await stage.write("forged", await mallory.read("current"));
  for (const who of ["ada", "carol"]) {
    const add = ["--add-key", `root=${stage.path(`${who}.card`)}`, "--remove-key"];
    const instead = who === "ada" ? "Ada Lovelace" : "Carol";
    const out = ["--out", stage.path(`forged-${who}`)];
    await stage.well("propose", stage.path("forged"), ...add, `root=${instead}`, ...out);
  }
  const renew = ["--renew", "root", "--out", stage.path("honest-next")];
  await stage.well("propose", stage.path("honest"), ...renew);
  const before = await readFile(stage.path("forged-ada"));
  const note = await readFile(stage.path("ada.pem.signed"));
  const { err } = await stage.sign("forged-ada", "ada", "--yes");
  assert.match(err, /\[ceremony\.unknown-root\]/);
  assert.deepEqual(await readFile(stage.path("forged-ada")), before);
  assert.deepEqual(await readFile(stage.path("ada.pem.signed")), note);
  assert.equal((await stage.sign("honest-next", "ada", "--yes")).status, 0);
  // A key that has never signed knows nothing: it is told the fingerprint, or asks for it.
  const { current } = await stage.read("honest");
  assert.ok(current);
  const word = ["--fingerprint", rootFingerprint(current.root)];
  const unknown = await stage.sign("honest-next", "carol", "--yes");
  assert.match(unknown.err, /NOT KNOWN\. This key signs for the first time/);
  assert.match(unknown.err, /\[ceremony\.unknown-root\]/);
  assert.equal(unknown.status, 65);
  stage.answer = "yes";
  const unasked = await stage.sign("honest-next", "carol", "--yes");
  assert.match(unasked.err, /\[ceremony\.unknown-root\]/, "at a terminal too");
  stage.answer = undefined;
  const misled = await stage.sign("forged-carol", "carol", "--yes", ...word);
  assert.match(misled.err, /\[ceremony\.unknown-root\]/);
  const told = await stage.sign("honest-next", "carol", "--yes", ...word);
  assert.equal(told.status, 0, told.err);
});

test("what is swapped after a signature is refused by the next who signs, by combine and by publish", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  await stage.sign("first", "ada", "--yes");
  const signed = await stage.read("first");
  const swapped = bent(signed, "root", (tree) => new Map([...tree, ["x-note", "swapped"]]));
  await stage.write("swapped", swapped);
  const bob = await stage.sign("swapped", "bob", "--yes");
  assert.match(bob.err, /\[ceremony\.signature\]/);
  const files = [stage.path("first"), stage.path("swapped")];
  const out = ["--out", stage.path("both")];
  await stage.refused("ceremony.differs", 65, "combine", ...files, ...out);
  const data = ["--data", stage.data.root];
  await stage.refused("ceremony.signature", 65, "publish", stage.path("swapped"), ...data);
  await stage.refused("ceremony.incomplete", 65, "publish", stage.path("first"), ...data);
  const one = await stage.read("first");
  const least = { ...one.policy.thresholds, root: 3 };
  await stage.write("wrong", { ...one, policy: { ...one.policy, thresholds: least } });
  const wrong = ["--out", stage.path("combined-wrong")];
  await stage.refused("ceremony.threshold", 65, "combine", stage.path("wrong"), ...wrong);
  assert.equal(existsSync(stage.path("combined-wrong")), false);
  assert.equal(await readFirstMetadata(stage.data.publicTree), undefined);
});

test("an extra key that was slipped in is shown with a plus, and changes the number that people compare", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  await stage.current("current");
  await stage.well(
    "propose",
    stage.path("current"),
    "--renew",
    "root",
    "--out",
    stage.path("honest"),
  );
  await stage.person("Mallory", "mallory");
  const { key, kind, name } = parseKeyCard(await readFile(stage.path("mallory.card")));
  const slipped = bent(await stage.read("honest"), "root", (tree) => {
    const [keys, roles, holders] = ["keys", "roles", "x-holders"].map((at) => tree.get(at) ?? null);
    assert.ok(keys && roles && holders && isJsonObject(keys) && isJsonObject(roles));
    assert.ok(isJsonObject(holders));
    const root = roles.get("root") ?? null;
    const ids = root !== null && isJsonObject(root) ? root.get("keyids") : undefined;
    assert.ok(Array.isArray(ids));
    const role = jsonObject({ keyids: [...(ids as string[]), key.keyId], threshold: 2 });
    return tree
      .set("keys", new Map([...keys, [key.keyId, key.tree]]))
      .set("roles", new Map([...roles, ["root", role]]))
      .set("x-holders", new Map([...holders, [key.keyId, jsonObject({ kind, name })]]));
  });
  await stage.write("slipped", slipped);
  const [honest, changed] = [
    await stage.well("show", stage.path("honest")),
    await stage.well("show", stage.path("slipped")),
  ];
  assert.doesNotMatch(honest, /^ +\+/m);
  assert.match(changed, new RegExp(`\\+ sha256:${key.keyId}\\n.*held by Mallory\\n`));
  assert.notEqual(honest.split("\n")[0], changed.split("\n")[0]);
});

test("one version is not signed twice, unless everybody agrees that the other one is gone", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  await stage.current("current");
  const propose = async (out: string, ...edits: readonly string[]): Promise<void> => {
    const to = ["--out", stage.path(out)];
    await stage.well("propose", stage.path("current"), ...edits, ...to);
  };
  await propose("one", "--renew", "root");
  await propose("other", "--threshold", "root=3");
  assert.equal((await stage.sign("one", "ada", "--yes")).status, 0);
  assert.equal((await stage.sign("one", "ada", "--yes")).status, 0, "the same again");
  const { err, status } = await stage.sign("other", "ada", "--yes");
  assert.match(err, /\[ceremony\.signed-before\]/);
  assert.equal(status, 65);
  const [insteadOf] = /--instead-of sha256:[0-9a-f]{64}/.exec(err) ?? [];
  assert.ok(insteadOf);
  const agreed = await stage.sign("other", "ada", "--yes", ...insteadOf.split(" "));
  assert.equal(agreed.status, 0, agreed.err);
});

test("names cannot steer the terminal, neither from cards nor from files, nor as JSON", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  const evil = "Bob \u202e\u2066held by Ada\u2069";
  const cards = await stage.run("key", evil, "--key", stage.path("bob.pem"), "--card", "x");
  assert.match(cards.err, /\[tuf\.holder\]/);
  // A file that no honest program writes: readers take such a name, and show it escaped.
  const card = parseKeyCard(await readFile(stage.path("bob.card")));
  const file = bent(await stage.read("first"), "root", (tree) => {
    const holders = tree.get("x-holders") ?? null;
    assert.ok(isJsonObject(holders));
    const held = jsonObject({ name: evil, kind: "file" });
    return tree
      .set("x-holders", new Map([...holders, [card.key.keyId, held]]))
      .set("x-\u001b[2J\u009b", "\u001b]0;title\u0007");
  });
  await stage.write("evil", file);
  const { out } = await stage.run("show", stage.path("evil"));
  const json = await stage.run("show", stage.path("evil"), "--json");
  const sign = await stage.sign("evil", "ada");
  for (const text of [out, json.out, sign.err, sign.out, json.err]) {
    assert.doesNotMatch(text, /[^\P{C}\n]/u);
  }
  assert.match(out, /held by Bob \\u\{202e\}\\u\{2066\}held by Ada\\u\{2069\}\n/);
  assert.match(out, /x-\\u\{1b\}\[2J\\u\{9b\}/);
  assert.ok(JSON.stringify(JSON.parse(json.out)).includes(evil));
  const missing = await stage.run("show", stage.path("no\u001b[2Jsuch"));
  assert.match(missing.err, /no\\u\{1b\}\[2Jsuch.*\[ceremony\.input\]/);
});

test("neither long names nor spaces push lines or the number out of sight", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  const card = parseKeyCard(await readFile(stage.path("bob.card")));
  const name = `Bob${" ".repeat(40)}root, offline: 2 of 3 keys must sign`;
  const file = bent(await stage.read("first"), "root", (tree) => {
    const holders = tree.get("x-holders") ?? null;
    assert.ok(isJsonObject(holders));
    const held = jsonObject({ name, kind: "file" });
    for (let at = 0; at < 100; at++) tree.set(`x-${at}`, "");
    return tree
      .set("x-holders", new Map([...holders, [card.key.keyId, held]]))
      .set("x".repeat(100_000), `y${" ".repeat(60)}z`);
  });
  await stage.write("wide", file);
  const { out } = await stage.run("show", stage.path("wide"));
  assert.match(out, /held by Bob␠{40}root, offline/);
  assert.match(out, /: "y␠{60}z"/);
  assert.ok(out.split("\n").every((line) => line.length < 1_000));
  const { err } = await stage.sign("wide", "ada");
  const [number = ""] = /^Ceremony [0-9a-f ]+$/m.exec(err) ?? [];
  assert.ok(err.indexOf(number) < err.lastIndexOf(number), "before the key is named too");
  assert.ok(err.lastIndexOf(number) > err.indexOf("x-99"));
});

test("files that are cut short, too large or no files are refused with their code", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  const whole = parseUtf8(new Uint8Array(await readFile(stage.path("first"))));
  await writeFile(stage.path("cut"), formatUtf8(whole.slice(0, whole.length / 2)));
  await writeFile(stage.path("large"), new Uint8Array(ceremonyLimits.fileSizeMax + 1));
  await mkdir(stage.path("folder"));
  const commands = [["show"], ["check"], ["combine", "--out", stage.path("x")]] as const;
  for (const [command, ...more] of commands) {
    for (const [file, code] of [
      ["cut", "json.syntax"],
      ["large", "ceremony.input"],
      ["folder", "ceremony.input"],
      ["nothing", "ceremony.input"],
    ] as const) {
      await stage.refused(code, 65, command, stage.path(file), ...more);
    }
  }
  const { claimed } = (await stage.read("first")).next;
  assert.ok(claimed);
  const bad = await stage.read("first");
  await stage.write("no-tuf", { ...bad, next: { ...bad.next, root: claimed.slice(1) } });
  await stage.refused("json.syntax", 65, "show", stage.path("no-tuf"));
  await stage.write("no-root", { ...bad, next: { claimed } });
  await stage.refused("ceremony.incomplete", 65, "show", stage.path("no-root"));
});

test("nothing that was carried here is overwritten", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  const before = await readFile(stage.path("first"));
  const { err } = await stage.sign("first", "ada", "--yes", "--out", stage.path("first"));
  assert.match(err, /\[ceremony\.output\]/);
  assert.deepEqual(await readFile(stage.path("first")), before);
  const data = ["--data", stage.data.root, "--out", stage.path("online.cards")];
  await stage.refused("ceremony.output", 65, "online-keys", ...data);
});

test("a first root is published once, and only under the signer's own keys", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  await stage.sign("first", "ada", "--yes");
  await stage.sign("first", "bob", "--yes");
  const elsewhere = join(stage.folder, "elsewhere");
  const cards = ["--out", stage.path("other.cards")];
  await stage.well("online-keys", "--data", elsewhere, ...cards);
  await stage.refused("key.not-held", 73, "publish", stage.path("first"), "--data", elsewhere);
  assert.equal(await readFirstMetadata(dataFolder(elsewhere).publicTree), undefined);
  const publish = ["publish", stage.path("first"), "--data", stage.data.root];
  await stage.well(...publish);
  await stage.well(...publish);
  const other = await aStage(t, 9);
  await other.create();
  await cp(stage.data.root, stage.path("data2"), { recursive: true });
  await other.well(
    ...["create", "--root", other.path("ada.card"), "--targets", other.path("ada.card")],
    ...["--claimed", other.path("bob.card"), "--online", stage.path("online.cards")],
    ...["--out", other.path("usurped")],
  );
  for (const who of ["ada", "bob"]) await other.sign("usurped", who, "--yes");
  const usurp = ["publish", other.path("usurped"), "--data", stage.path("data2")];
  await other.refused("ceremony.output", 65, ...usurp);
  await writeFile(join(stage.data.signer, "signer.sqlite"), "");
  await stage.refused("ceremony.output", 65, ...publish);
});

test("the signer refuses what is not the next version, and nothing is published", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  await stage.current("current");
  const to = (out: string): readonly string[] => ["--out", stage.path(out)];
  await stage.well("propose", stage.path("current"), "--renew", "claimed", ...to("next"));
  await stage.sign("next", "bob", "--yes");
  const publish = ["publish", stage.path("next"), "--data", stage.data.root];
  await stage.well(...publish);
  const batch = stage.signer?.status().batch;
  assert.match(await stage.well(...publish), /^Published: claimed 2$/m, "its answer may be lost");
  assert.equal(stage.signer?.status().batch, batch);
  const others = ["--expires", "claimed=2027-01-31", ...to("other")];
  await stage.well("propose", stage.path("current"), ...others);
  await stage.sign("other", "bob", "--yes", "--instead-of", await signedHash(stage, "next"));
  const again = await stage.run("publish", stage.path("other"), "--data", stage.data.root);
  assert.equal(again.status, 65, again.err);
  assert.equal(stage.signer?.status().batch, batch);
});

/** Of what this file says of claimed, as a key remembers it. */
async function signedHash(stage: Stage, name: string): Promise<string> {
  const { claimed } = openCeremony(await stage.read(name)).next;
  assert.ok(claimed);
  return `sha256:${sha256Hex(claimed.canonical)}`;
}

test("a later root does not look like what proxies are told", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  const first = stage.signer?.status().rootFingerprint ?? "none";
  for (const version of [2, 3]) {
    const [current, next] = [`current-${version}`, `next-${version}`];
    await stage.current(current);
    const to = ["--out", stage.path(next)];
    const shown = await stage.well("propose", stage.path(current), "--renew", "root", ...to);
    assert.equal(shown.includes(`It follows from root 1, ${first}`), version > 2);
    await stage.sign(next, "ada", "--yes");
    await stage.sign(next, "bob", "--yes");
    const said = await stage.well("publish", stage.path(next), "--data", stage.data.root);
    assert.match(said, new RegExp(`^Fingerprint of root ${version}: `, "m"));
    assert.ok(said.includes(`told that of root 1, as before: ${first}`), said);
  }
});

test("options that cannot be meant are refused before anything is written", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  await stage.current("current");
  const propose = async (...edits: readonly string[]): Promise<string> => {
    const args = ["propose", stage.path("current"), ...edits, "--out", stage.path("next")];
    return await stage.refused("options.invalid", 64, ...args);
  };
  assert.match(await propose(), /say what shall change/);
  assert.match(await propose("--remove-key", "root=Nobody"), /root has no key of "Nobody"/);
  assert.match(await propose("--remove-key", "bins=Bob"), /root, targets, claimed/);
  assert.match(await propose("--threshold", "root=0"), /from 1/);
  assert.match(await propose("--expires", "root=tomorrow"), /a date/);
  assert.match(await propose("--floor", "root=2"), /targets=N/);
  assert.match(await propose("--renew", "deny"), /not "deny"/);
  const low = ["--threshold", "root=1", "--out", stage.path("next")];
  await stage.refused("ceremony.threshold", 65, "propose", stage.path("current"), ...low);
  await assert.rejects(readFile(stage.path("next")));
  const both = ["key", "Ada", "--out", "a", "--key", "b"];
  await stage.refused("options.invalid", 64, ...both);
  assert.equal((await stage.run("sign", stage.path("current"))).status, 64);
  assert.equal((await stage.run("nonsense")).status, 64);
});

test("where the card cannot be written, no key is made", async (t) => {
  const stage = await aStage(t);
  await stage.person("Bob", "bob");
  const card = await readFile(stage.path("bob.card"));
  stage.passphrase = parsePassphrase(formatUtf8("correct horse battery staple"));
  const key = (to: string): readonly string[] => {
    return ["key", "Ada", "--out", stage.path("ada.key"), "--card", stage.path(to)];
  };
  await stage.refused("ceremony.output", 65, ...key("bob.card"));
  await stage.refused("storage.failed", 70, ...key("nowhere/ada.card"));
  await stage.refused("options.invalid", 64, ...key("ada.key"));
  assert.deepEqual(await readFile(stage.path("bob.card")), card);
  await assert.rejects(readFile(stage.path("ada.key")), { code: "ENOENT" });
  await stage.well(...key("ada.card"));
  assert.equal(parseKeyCard(await readFile(stage.path("ada.card"))).name, "Ada");
});

test("a policy is as it was said, and holds", async (t) => {
  const stage = await aStage(t);
  await stage.start();
  const least = ["--least", "root=1", "--lifetime", "claimed=30d", "--out", stage.path("current")];
  await stage.well("current", "--data", stage.data.root, ...least);
  const propose = (...edits: readonly string[]): Promise<Run> =>
    stage.run("propose", stage.path("current"), ...edits, "--out", stage.path(edits.join(" ")));
  assert.equal((await propose("--threshold", "root=1")).status, 0);
  const renewed = await propose("--renew", "claimed", "--json");
  assert.equal(JSON.parse(renewed.out).files[2].expires, "2026-12-21T10:00:00Z");
  const long = await propose("--expires", "claimed=2027-02-01");
  assert.match(long.err, /\[ceremony\.expiry\]/);
});

test("a note of another key is not believed", async (t) => {
  const stage = await aStage(t);
  await stage.create();
  await stage.sign("first", "bob", "--yes");
  await copyFile(stage.path("bob.pem.signed"), stage.path("ada.pem.signed"));
  assert.match((await stage.sign("first", "ada", "--yes")).err, /\[ceremony\.unknown-root\]/);
  const card = parseKeyCard(await readFile(stage.path("carol.card")));
  assert.deepEqual(parseKeyCard(formatKeyCard(card)), card);
});
