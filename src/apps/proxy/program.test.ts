/** The real program over real sockets: ready file, answers, status, verify, run, and the end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

type Place = {
  readonly folder: string;
  readonly index: SimIndex;
  readonly url: string;
  /** Ends the index. */
  readonly leave: () => void;
  /** Paths and Authorization headers that the index saw. */
  readonly seen: (readonly [string, string | undefined])[];
};

async function aPlace(t: TestContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proxy-"));
  const index = await new SimIndex().open();
  index.objects.set("/.well-known/holdfast.json", new TextEncoder().encode('{"name":"Our Index"}'));
  const seen: (readonly [string, string | undefined])[] = [];
  const served = await serveIndex(t, index, ({ headers, url }) => {
    seen.push([url ?? "", headers.authorization]);
  });
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, index, ...served, seen };
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => void (out += String(chunk)));
  child.stderr.on("data", (chunk) => void (err += String(chunk)));
  const ended = once(child, "close").then((): Ended => ({ code: child.exitCode, out, err }));
  return { child, ended };
}

const finish = (args: readonly string[]): Promise<Ended> => start(args).ended;

async function startProxy(t: TestContext, args: readonly string[], readyFile: string) {
  const program = start(["proxy", ...args, "--port", "0", "--ready-file", readyFile]);
  t.after(() => void program.child.kill("SIGKILL"));
  while (!existsSync(readyFile)) {
    if (program.child.exitCode !== null) assert.fail((await program.ended).err);
    await delay(20);
  }
  const ready: Readonly<Record<string, string>> = JSON.parse(readFileSync(readyFile, "utf8"));
  return { ...program, ready };
}

test(
  "the program serves, says what it knows, lets commands use it, and ends",
  { timeout: 60_000 },
  async (t) => {
    const { folder, index, leave, seen, url } = await aPlace(t);
    const wheel = await index.publishFile("demo-1.0-py3-none-any.whl", "wheel bytes");
    const state = join(folder, "state");
    const readyFile = join(folder, "ready.json");
    const anchor = ["--index", url, "--fingerprint", fingerprintOf(index.root), "--state", state];
    const { child, ended, ready } = await startProxy(t, anchor, readyFile);
    assert.equal(ready["index"], url);
    assert.equal(ready["name"], "our-index");
    assert.equal(ready["pid"], child.pid);
    assert.equal(ready["rootFingerprint"], fingerprintOf(index.root));
    assert.equal(ready["proxySimple"], `${ready["proxy"]}our-index/simple/`);

    const page = await fetch(`${ready["proxySimple"]}demo/`);
    assert.equal(page.status, 200);
    const file = await fetch(
      new URL(`../../files/demo/${wheel.sha256}/${wheel.filename}`, page.url),
    );
    assert.equal(await file.text(), "wheel bytes");
    assert.match(page.headers.get("x-holdfast") ?? "", /^verified; /);

    const good = join(folder, wheel.filename);
    writeFileSync(good, "wheel bytes");
    const bad = join(folder, "demo-2.0-py3-none-any.whl");
    writeFileSync(bad, "evil");
    const vouched = await finish(["verify", "--state", state, good]);
    assert.deepEqual([vouched.code, /vouched for/.test(vouched.out)], [0, true], vouched.err);
    const mixed = await finish(["verify", "--state", state, "--json", good, bad]);
    assert.equal(mixed.code, 1);
    assert.deepEqual(
      JSON.parse(mixed.out).map(({ kind }: { kind: string }) => kind),
      ["vouched", "not-vouched"],
    );

    const missing = await finish(["verify", "--state", state, good, join(folder, "gone.whl")]);
    assert.equal(missing.code, 2);
    assert.match(
      missing.out,
      /gone\.whl: cannot tell\n {2}file\.unreadable: There is no such file\n/,
    );
    const unread = await finish(["verify", "--state", state, folder]);
    assert.deepEqual([unread.code, /It is a folder/.test(unread.out)], [2, true], unread.out);

    const shown = await finish([
      "run",
      "--state",
      state,
      "--",
      "sh",
      "-c",
      "echo $PIP_INDEX_URL; exit 7",
    ]);
    assert.deepEqual([shown.code, shown.out.trim()], [7, ready["proxySimple"]], shown.err);

    const status = await finish(["status", "--state", state]);
    assert.equal(status.code, 0);
    assert.match(status.out, /View {5}verified since/);
    leave();
    assert.equal((await finish(["verify", "--state", join(folder, "nowhere"), good])).code, 73);
    const away = await finish(["verify", "--state", state, good]);
    assert.equal(away.code, 0, away.err);
    assert.ok(seen.every(([, authorization]) => authorization === undefined));

    child.kill("SIGTERM");
    assert.equal((await ended).code, 0);
    assert.equal(existsSync(readyFile), false);
    assert.match((await finish(["status", "--state", state])).out, /Proxy {4}does not run/);
  },
);

test(
  "first use needs somebody who sees it, and a changed index ends the start",
  { timeout: 60_000 },
  async (t) => {
    const { folder, index, url } = await aPlace(t);
    const state = join(folder, "state");
    const tofu = ["run", "--index", url, "--tofu", "--state", state, "--port", "0", "--", "true"];
    const unseen = await finish(tofu);
    assert.equal(unseen.code, 76);
    assert.match(unseen.err, /nobody would see it/);
    // Refusing left nothing behind that would count the next time.
    assert.equal((await finish(tofu)).code, 76);
    mkdirSync(state);
    const seen = await finish(tofu);
    assert.equal(seen.code, 0, seen.err);
    assert.match(seen.err, new RegExp(`on first use.*${fingerprintOf(index.root)}`));
    assert.doesNotMatch((await finish(tofu)).err, /first use/);
    index.tuf.root.expires = "2031-01-01T00:00:00Z";
    index.tuf.root.version = 0;
    await index.tuf.publish("root");
    const changed = await finish(tofu);
    assert.equal(changed.code, 76);
    assert.match(changed.err, /The trust anchor changed: sha256:.*sha256:/);
  },
);

test("credentials come from a file that others cannot read", { timeout: 60_000 }, async (t) => {
  const { folder, index, seen, url } = await aPlace(t);
  const state = join(folder, "state");
  const path = join(folder, "credentials.json");
  writeFileSync(path, '{"username":"__token__","password":"hunter2"}', { mode: 0o644 });
  const args = [
    "run",
    "--index",
    url,
    "--fingerprint",
    fingerprintOf(index.root),
    "--state",
    state,
    "--port",
    "0",
    "--credentials",
    path,
    "--",
    "true",
  ];
  const open = await finish(args);
  assert.equal(open.code, 73);
  assert.match(open.err, /chmod 600/);
  rmSync(path);
  writeFileSync(path, '{"username":"__token__","password":"hunter2"}', { mode: 0o600 });
  const closed = await finish(args);
  assert.equal(closed.code, 0, closed.err);
  assert.doesNotMatch(open.err + closed.err + closed.out, /hunter2/);
  const expected = `Basic ${Buffer.from("__token__:hunter2").toString("base64")}`;
  assert.ok(seen.length > 0 && seen.every(([, authorization]) => authorization === expected));
});

test("run ends as a shell does when its command cannot be run", { timeout: 60_000 }, async (t) => {
  const { folder, index, url } = await aPlace(t);
  const anchor = ["--index", url, "--fingerprint", fingerprintOf(index.root)];
  const place = [...anchor, "--state", join(folder, "state"), "--port", "0"];
  const plain = join(folder, "plain");
  writeFileSync(plain, "true\n", { mode: 0o644 });
  const script = join(folder, "script");
  writeFileSync(script, "#!/no/such/interpreter\n", { mode: 0o755 });
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["nosuchcmd", 127, /Cannot run nosuchcmd: no such command is on the PATH/],
    ["", 127, /Cannot run a command without a name/],
    [join(folder, "nothing"), 127, /no such command is there/],
    [plain, 126, /it may not be executed/],
    [folder, 126, /it may not be executed/],
    [join(plain, "below"), 126, /ENOTDIR/],
    [script, 126, /the interpreter that its first line names is not there/],
  ];
  for (const [command, code, said] of cases) {
    const ended = await finish(["run", ...place, "--", command]);
    assert.equal(ended.code, code, `${command}: ${ended.err}`);
    assert.match(ended.err, said);
  }
});
