import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { parseOptions } from "./options.ts";
import type { UpOptions } from "./options.ts";

function read(...args: string[]): UpOptions {
  const options = parseOptions(args);
  assert.notEqual(options, "help");
  if (options === "help") throw new Error("unreachable");
  return options;
}

test("parseOptions() of nothing gives the defaults", () => {
  const { data, config, configPath, readyFile } = read();
  assert.equal(data, resolve("holdfast-data"));
  assert.deepEqual([config.index.port, config.proxy.port], [8470, 8471]);
  assert.equal(config.index.private, false);
  assert.deepEqual([configPath, readyFile], [undefined, undefined]);
});

test("parseOptions() lets options win over the configuration file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-options-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "holdfast.toml");
  writeFileSync(path, '[index]\nport = 1\nhost = "::1"\nprivate = true\n[proxy]\nport = 2\n');
  const { config, configPath } = read(
    "--config",
    path,
    "--port",
    "0",
    "--public-url=https://a.b/c",
  );
  assert.deepEqual([config.index.port, config.proxy.port], [0, 2]);
  assert.deepEqual([config.index.host, config.index.private], ["::1", true]);
  assert.equal(config.index.publicUrl, "https://a.b/c/");
  assert.equal(configPath, path);
});

test("parseOptions() refuses what it does not know, with what was probably meant", () => {
  assert.throws(() => read("--prot", "1"), {
    code: "options.invalid",
    message: "Cannot take the unknown option --prot: did you mean --port?",
  });
  assert.throws(() => read("--port", "65536"), { code: "options.invalid" });
  assert.throws(() => read("--port", "x"), { code: "options.invalid" });
  assert.throws(() => read("--port"), { code: "options.invalid" });
  assert.throws(() => read("data"), { code: "options.invalid" });
  assert.throws(() => read("--public-url", "packages"), { code: "config.value" });
  assert.throws(() => read("--config", "/nowhere.toml"), {
    code: "options.invalid",
    message: /^There is no configuration file \/nowhere\.toml: name the one you mean/,
  });
});

test("parseOptions() answers --help", () => {
  assert.equal(parseOptions(["--help"]), "help");
});
