import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exitCodeOf } from "./exit-codes.ts";
import {
  parseProxyOptions,
  parseRunOptions,
  parseStatusOptions,
  parseVerifyOptions,
} from "./options.ts";
import { openProxyState } from "#stores/folder/proxy-state.ts";
import { chooseStateFolder } from "./state-folder.ts";

const refused = { code: "options.invalid" };
const fingerprint = `sha256:${"ab".repeat(32)}`;

test("parseProxyOptions() reads what --help names", () => {
  const options = parseProxyOptions([
    ...[
      "--index",
      "https://index.example/prefix",
      "--fingerprint",
      fingerprint.toUpperCase().replace("SHA", "sha"),
    ],
    ...[
      "--state",
      "s",
      "--port",
      "0",
      "--offline-for",
      "2d",
      "--cache-size",
      "1 GiB",
      "--name",
      "our",
    ],
  ]);
  assert.ok(options !== "help");
  assert.equal(options.index?.href, "https://index.example/prefix/");
  assert.deepEqual(options.anchor, { kind: "fingerprint", fingerprint });
  assert.deepEqual(
    [options.port, options.offlineForMs, options.cacheSizeMax],
    [0, 172_800_000, 1_073_741_824],
  );
  assert.equal(parseProxyOptions(["--help"]), "help");
});

test("parseProxyOptions() refuses what it cannot take, without repeating a secret", () => {
  const bad = [
    ["--bogus"],
    ["--port", "70000"],
    ["--tofu", "--fingerprint", fingerprint],
    ["--fingerprint", "abc"],
    ["--name", "a/b"],
  ];
  for (const args of bad) assert.throws(() => parseProxyOptions(args), refused, args.join(" "));
  assert.throws(
    () => parseProxyOptions(["--index", "https://u:hunter2@x.example/"]),
    (error: Error) => {
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    },
  );
  assert.throws(() => parseProxyOptions(["--index", "ftp://x.example/"]), { code: "config.value" });
});

test("parseRunOptions() leaves everything behind -- to the command", () => {
  const options = parseRunOptions(["--state", "s", "--", "pip", "install", "--index", "x"]);
  assert.ok(options !== "help");
  assert.deepEqual(options.command, ["pip", "install", "--index", "x"]);
  assert.throws(() => parseRunOptions(["--state", "s"]), refused);
  assert.throws(() => parseRunOptions(["pip", "install"]), refused);
});

test("parseStatusOptions() and parseVerifyOptions() read theirs", () => {
  const status = parseStatusOptions(["--json", "--state", "s"]);
  assert.deepEqual(status, { index: undefined, state: "s", config: undefined, json: true });
  const verify = parseVerifyOptions(["a.whl", "--state", "s", "b.whl"]);
  assert.ok(verify !== "help");
  assert.deepEqual(verify.files, ["a.whl", "b.whl"]);
  assert.throws(() => parseVerifyOptions([]), refused);
});

test("chooseStateFolder() takes the one named, the index's, the local one, or the only one", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "holdfast-state-"));
  try {
    const place = { cwd, base: join(cwd, "base") };
    assert.equal(chooseStateFolder(place, "s", undefined), join(cwd, "s"));
    const index = new URL("https://index.example/");
    const own = chooseStateFolder(place, undefined, index);
    assert.match(own, /base\/index\.example-[0-9a-f]{8}$/);
    assert.throws(() => chooseStateFolder(place, undefined, undefined), { code: "proxy.state" });
    mkdirSync(own, { recursive: true });
    assert.equal(chooseStateFolder(place, undefined, undefined), own);
    mkdirSync(chooseStateFolder(place, undefined, new URL("https://index.example/b/")));
    assert.throws(() => chooseStateFolder(place, undefined, undefined), {
      code: "proxy.state",
      message: /index\.example-/,
    });
    const local = join(cwd, "holdfast-data", "proxy");
    await openProxyState(local);
    assert.equal(chooseStateFolder(place, undefined, undefined), local);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test("chooseStateFolder() believes no folder that came with somebody's archive", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "holdfast-state-"));
  try {
    const place = { cwd: join(cwd, "unpacked"), base: join(cwd, "base") };
    const theirs = join(cwd, "theirs", "holdfast-data", "proxy");
    await openProxyState(theirs);
    const local = join(place.cwd, "holdfast-data", "proxy");
    cpSync(join(cwd, "theirs"), place.cwd, { recursive: true });
    const refused = { code: "proxy.state", message: /was not made here/ };
    assert.throws(() => chooseStateFolder(place, undefined, undefined), refused);
    writeFileSync(join(local, "place.json"), "[]");
    assert.throws(() => chooseStateFolder(place, undefined, undefined), refused);
    rmSync(join(local, "place.json"));
    assert.throws(() => chooseStateFolder(place, undefined, undefined), refused);
    // Named by the person, it is theirs.
    await openProxyState(chooseStateFolder(place, local, undefined));
    assert.equal(chooseStateFolder(place, undefined, undefined), local);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test("exitCodeOf() is what --help says", () => {
  const withCode = (code: string): Error => Object.assign(new Error("x"), { code });
  const codes = [
    "options.invalid",
    "listen.port-in-use",
    "network.connect",
    "storage.failed",
    "anchor.changed",
    "tuf.threshold",
    "command.not-executable",
    "command.not-found",
  ];
  assert.deepEqual(
    codes.map((code) => exitCodeOf(withCode(code))),
    [64, 69, 69, 73, 76, 76, 126, 127],
  );
  assert.equal(exitCodeOf(new Error("x")), 70);
});
