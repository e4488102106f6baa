import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { parseOptions } from "./options.ts";

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");
const url = "http://127.0.0.1:8080/tuf";

test("parseOptions() takes the three commands, their options before or behind them", () => {
  const metadataDir = resolve("m");
  const metadataUrl = new URL(`${url}/`);
  assert.deepEqual(parseOptions(words("--metadata-dir m init r.json")), {
    command: "init",
    metadataDir,
    root: resolve("r.json"),
  });
  for (const line of [
    `--metadata-dir m --metadata-url ${url} refresh`,
    `refresh --metadata-url=${url}/ --metadata-dir m`,
  ]) {
    const expected = { command: "refresh", metadataDir, metadataUrl };
    assert.deepEqual(parseOptions(words(line)), expected);
  }
  const more = `--target-name b --target-name a/c --target-base-url ${url} --target-dir t`;
  assert.deepEqual(parseOptions(words(`--metadata-dir m --metadata-url ${url} ${more} download`)), {
    command: "download",
    metadataDir,
    metadataUrl,
    targetsUrl: metadataUrl,
    targetDir: resolve("t"),
    targets: ["b", "a/c"],
  });
  assert.deepEqual(parseOptions(["-h"]), { command: "help" });
});

test("parseOptions() refuses what is missing, unknown or too much", () => {
  for (const line of [
    "",
    "update",
    "--metadata-dir m",
    "init r.json",
    "--metadata-dir m init",
    "--metadata-dir m init r.json s.json",
    "--metadata-dir m refresh",
    `--metadata-url ${url} refresh`,
    `--metadata-dir m --metadata-url ${url} refresh now`,
    `--metadata-dir m --metadata-url ${url} --target-dir t --target-name a download`,
    `--metadata-dir m --metadata-url ${url} --target-base-url ${url} --target-name a download`,
    `--metadata-dir m --metadata-url ${url} --target-base-url ${url} --target-dir t download`,
    "--metadata-dir m --force init r.json",
    "--metadata-dir= init r.json",
  ]) {
    assert.throws(() => parseOptions(words(line)), { code: "options.invalid" }, line);
  }
  for (const bad of ["tuf", "file:///tuf", "http://user:word@127.0.0.1/", `${url}?a=b`]) {
    const line = `--metadata-dir m --metadata-url ${bad} refresh`;
    assert.throws(() => parseOptions(words(line)), { code: "config.value" }, bad);
  }
});
