/** The real program with a map of two indexes over real sockets: addresses, status, verify, run, and what it refuses. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import { serveIndex } from "#world/served-index.ts";
import { SimIndex } from "#world/sim-index.ts";

const script = join(import.meta.dirname, "main.ts");

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
type Served = {
  readonly index: SimIndex;
  readonly url: string;
  readonly leave: () => void;
  /** Authorization headers it saw. */
  readonly seen: Set<string | undefined>;
};

async function serve(t: TestContext, owner: string): Promise<Served> {
  const index = await new SimIndex(owner).open();
  const seen = new Set<string | undefined>();
  const served = await serveIndex(t, index, ({ headers }) => void seen.add(headers.authorization));
  return { index, ...served, seen };
}

type Place = { readonly folder: string; readonly own: Served; readonly foreign: Served };

async function aPlace(t: TestContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-map-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, own: await serve(t, "own "), foreign: await serve(t, "public ") };
}

/** The own index by a root file beside the configuration, the other by its fingerprint. */
function writeConfig({ folder, foreign, own }: Place, mappings: string, name = "map.toml"): string {
  writeFileSync(join(folder, "own.json"), own.index.root);
  const text = `[proxy]
map-name = "acme"
[proxy.indexes.own]
url = "${own.url}"
root = "own.json"
credentials = "login.json"
[proxy.indexes.public]
url = "${foreign.url}"
fingerprint = "${fingerprintOf(foreign.index.root)}"
${mappings}`;
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const closed = `[[proxy.map]]
names = ["acme-*"]
indexes = ["own"]
[[proxy.map]]
names = ["*"]
indexes = ["public"]
`;
const open = closed.replace('["own"]', '["own"]\nterminating = false');

function start(args: readonly string[]) {
  // Relative paths of the configuration do not begin here.
  const child = spawn(process.execPath, [script, ...args], {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => void (out += String(chunk)));
  child.stderr.on("data", (chunk) => void (err += String(chunk)));
  const ended = once(child, "close").then((): Ended => ({ code: child.exitCode, out, err }));
  return { child, ended, said: () => err };
}

const finish = (args: readonly string[]): Promise<Ended> => start(args).ended;

async function startProxy(t: TestContext, args: readonly string[], readyFile: string) {
  const program = start(["proxy", ...args, "--port", "0", "--ready-file", readyFile]);
  t.after(() => void program.child.kill("SIGKILL"));
  while (!existsSync(readyFile)) {
    if (program.child.exitCode !== null) assert.fail((await program.ended).err);
    await delay(20);
  }
  const ready: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(readyFile, "utf8"));
  return { ...program, ready, simple: String(ready["proxySimple"]) };
}

test(
  "one address serves each project from its index, and every command knows the map",
  { timeout: 60_000 },
  async (t) => {
    const place = await aPlace(t);
    const { folder, foreign, own } = place;
    writeFileSync(join(folder, "login.json"), '{"username":"u","password":"hunter2"}', {
      mode: 0o600,
    });
    const mine = await own.index.publishFile("acme_core-1.0-py3-none-any.whl", "own bytes");
    await foreign.index.publishFile("acme_core-9.0-py3-none-any.whl", "evil bytes");
    const theirs = await foreign.index.publishFile("numbers-1.0-py3-none-any.whl", "numbers");
    const config = ["--config", writeConfig(place, open)];
    const state = ["--state", join(folder, "state")];
    const program = await startProxy(t, [...config, ...state], join(folder, "ready.json"));
    const { ready, simple } = program;
    assert.deepEqual(ready["indexes"], { own: own.url, public: foreign.url });
    assert.equal(simple, `${String(ready["proxy"])}acme/simple/`);
    assert.match(program.said(), /warning: map\.open: A project of "acme-\*" that own does not/);

    const page = await fetch(`${simple}acme-core/`);
    assert.match(page.headers.get("x-holdfast") ?? "", /^own: verified; timestamp/);
    assert.ok(!(await page.text()).includes("9.0"));
    const path = `../../files/acme-core/${mine.sha256}/${mine.filename}`;
    assert.equal(await (await fetch(new URL(path, page.url))).text(), "own bytes");
    const other = await fetch(`${simple}numbers/`);
    assert.match(other.headers.get("x-holdfast") ?? "", /^public: verified/);
    assert.deepEqual([...foreign.seen], [undefined], "credentials stay with their index");
    assert.ok(!own.seen.has(undefined));

    const good = join(folder, mine.filename);
    writeFileSync(good, "own bytes");
    const bad = join(folder, "acme_core-9.0-py3-none-any.whl");
    writeFileSync(bad, "evil bytes");
    const known = join(folder, theirs.filename);
    writeFileSync(known, "numbers");
    const verified = await finish(["verify", ...config, ...state, "--json", good, bad, known]);
    assert.deepEqual(
      JSON.parse(verified.out).map(({ kind }: { kind: string }) => kind),
      ["vouched", "not-vouched", "vouched"],
      verified.err,
    );

    const run = ["run", ...config, ...state, "--", "sh", "-c", "echo $UV_DEFAULT_INDEX; exit 7"];
    const ran = await finish(run);
    assert.deepEqual([ran.code, ran.out.trim()], [7, simple], ran.err);

    for (const which of [state, [...config, ...state]]) {
      const status = await finish(["status", ...which]);
      assert.equal(status.code, 0, status.err);
      assert.match(status.out, /^Map {6}acme \(own, public\)\nProxy {4}http/);
      assert.match(status.out, /Warning {2}map\.open: /);
      assert.match(status.out, /\[own\]\nIndex[^]*View {5}verified[^]*\[public\]\nIndex/);
    }
    const json = JSON.parse((await finish(["status", ...state, "--json"])).out);
    assert.deepEqual(
      json.indexes.map(({ name }: { name: string }) => name),
      ["own", "public"],
    );

    // Whoever changes the map must not be answered by a proxy that has the old one.
    const changed = ["--config", writeConfig(place, closed, "closed.toml")];
    const stale = await finish(["run", ...changed, ...state, "--", "true"]);
    assert.deepEqual([stale.code, /has another map: stop it first/.test(stale.err)], [73, true]);
    program.child.kill("SIGTERM");
    assert.equal((await program.ended).code, 0);
    const fresh = await finish(["run", ...changed, ...state, "--port", "0", "--", "true"]);
    assert.deepEqual([fresh.code, fresh.err], [0, ""]);
    // A map's folder is nobody's single index.
    const single = await finish(["run", ...state, "--", "true"]);
    assert.deepEqual([single.code, /belongs to the map acme/.test(single.err)], [73, true]);
  },
);

test(
  "an index that is not there refuses its own projects, and comes later",
  { timeout: 60_000 },
  async (t) => {
    const place = await aPlace(t);
    const { folder, foreign, own } = place;
    await foreign.index.publishFile("numbers-1.0-py3-none-any.whl", "numbers");
    await foreign.index.publishFile("acme_core-9.0-py3-none-any.whl", "evil bytes");
    own.leave();
    const config = writeConfig(place, open);
    // Known by its fingerprint alone, it cannot even be opened.
    const text = readFileSync(config, "utf8");
    const fingerprint = fingerprintOf(own.index.root);
    writeFileSync(config, text.replace('root = "own.json"', `fingerprint = "${fingerprint}"`));
    const args = ["--config", config, "--state", join(folder, "state")];
    const program = await startProxy(t, args, join(folder, "ready.json"));
    assert.match(program.said(), /own: Cannot connect[^\n]*its projects are refused/);
    const { simple } = program;
    const blocked = await fetch(`${simple}acme-core/`);
    assert.equal(blocked.status, 503);
    assert.match(await blocked.text(), /"code":"network\.connect"/);
    assert.equal((await fetch(`${simple}numbers/`)).status, 200);
    assert.equal((await finish(["status", "--state", join(folder, "state")])).code, 2);
  },
);

test(
  "what does not fit a map is refused before anything starts",
  { timeout: 60_000 },
  async (t) => {
    const place = await aPlace(t);
    const { folder, foreign, own } = place;
    const config = writeConfig(place, closed);
    const state = ["--state", join(folder, "state")];
    for (const option of [
      ["--index", own.url],
      ["--tofu"],
      ["--root", join(folder, "own.json")],
      ["--credentials", join(folder, "login.json")],
    ]) {
      const refused = await finish(["run", "--config", config, ...state, ...option, "--", "true"]);
      assert.deepEqual([refused.code, refused.err.includes(option[0] ?? "")], [64, true]);
    }
    const twin = readFileSync(config, "utf8").replace(
      fingerprintOf(foreign.index.root),
      fingerprintOf(own.index.root),
    );
    writeFileSync(join(folder, "twin.toml"), twin);
    const same = await finish([
      "run",
      "--config",
      join(folder, "twin.toml"),
      ...state,
      "--",
      "true",
    ]);
    assert.deepEqual([same.code, /own and public are one index/.test(same.err)], [64, true]);
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace(
        fingerprintOf(foreign.index.root),
        `sha256:${"0".repeat(64)}`,
      ),
    );
    const wrong = await finish(["run", "--config", config, ...state, "--port", "0", "--", "true"]);
    assert.deepEqual([wrong.code, /has the fingerprint/.test(wrong.err)], [76, true]);
  },
);
