import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readConfigFile } from "./config-file.ts";

test("readConfigFile() says what a file that cannot be read is, and what to do", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "holdfast.toml");
  const name = "FormatError";
  const code = "options.invalid";
  assert.throws(() => readConfigFile(path), {
    name,
    code,
    message: `There is no configuration file ${path}: name the one you mean with --config, or leave --config out to run with the defaults`,
  });
  assert.throws(() => readConfigFile(folder), {
    name,
    code,
    message: `Cannot read the configuration file ${folder}: it is a folder; name a file in it with --config`,
  });
  writeFileSync(path, "[index]\n");
  assert.equal(readConfigFile(path), "[index]\n");
  assert.throws(() => readConfigFile(join(path, "x")), { code, message: /^There is no / });
});
