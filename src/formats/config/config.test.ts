import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./config.ts";

test("parseConfig() of an empty file gives the defaults", () => {
  const config = parseConfig("");
  assert.equal(config.index.port, 8470);
  assert.equal(config.index.uploadSizeMax, 2_147_483_648);
  assert.equal(config.index.publicUrl, undefined);
  assert.equal(config.signer.lifetimes.timestamp, 86_400_000);
  assert.equal(config.proxy.refreshMs, 10_000);
  assert.equal(config.log.level, "info");
});

test("parseConfig() reads every key", () => {
  const config = parseConfig(`
[index]
host = "::1"
port = 0
public-url = "https://packages.example.org/py"
private = true
name = "example"
upload-size-max = "100 MB"
[signer]
bins-bit-length = 2
batch-interval = "250ms"
[signer.lifetimes]
timestamp = "3s"
recently-claimed = "2w"
[proxy]
refresh = "1m"
[log]
level = "debug"
`);
  assert.deepEqual(config.index, {
    host: "::1",
    port: 0,
    publicUrl: "https://packages.example.org/py/",
    private: true,
    name: "example",
    uploadSizeMax: 100_000_000,
  });
  assert.equal(config.signer.binsBitLength, 2);
  assert.equal(config.signer.batchIntervalMs, 250);
  assert.equal(config.signer.lifetimes.timestamp, 3_000);
  assert.equal(config.signer.lifetimes.recentlyClaimed, 1_209_600_000);
  assert.equal(config.signer.lifetimes.root, 31_536_000_000);
  assert.equal(config.proxy.refreshMs, 60_000);
  assert.equal(config.log.level, "debug");
});

const refused: readonly (readonly [text: string, code: string, message: RegExp])[] = [
  ["index = ", "config.toml", /at line 1, column/],
  ["[index]\nprot = 1", "config.unknown-key", /"index\.prot": did you mean "index\.port"\?/],
  ["[indx]\nport = 1", "config.unknown-key", /did you mean "index\.port"\?/],
  ["[proxy]\nzzzzzzzzzz = 1", "config.unknown-key", /the keys are proxy\.host, proxy\.port/],
  ["log = 3", "config.value", /write a table, \[log\] \(at log\)/],
  ["[index]\nport = 65536", "config.value", /from 0 to 65535 \(at index\.port\)/],
  ['[index]\nport = "1"', "config.value", /whole number/],
  ["[index]\nport = 1.5", "config.value", /whole number/],
  ["[index]\nprivate = 1", "config.value", /true or false/],
  ['[index]\nname = "Ä"', "config.value", /lower-case letters/],
  ['[index]\nhost = "a b"', "config.value", /host name or address/],
  ['[index]\npublic-url = "ftp://example.org"', "config.value", /http or https/],
  ['[index]\npublic-url = "https://u:p@example.org"', "config.value", /without user/],
  ['[index]\nupload-size-max = "2 gigs"', "config.value", /as in "2 GiB"/],
  ["[index]\nupload-size-max = -1", "config.value", /as in "2 GiB"/],
  ["[index]\nupload-size-max = 2020-01-01", "config.value", /as in "2 GiB"/],
  ["[signer.lifetimes]\nroot = 5", "config.value", /text in quotes/],
  ['[signer.lifetimes]\nroot = "5"', "config.value", /length of time/],
  ['[signer.lifetimes]\nroot = "10ms"', "config.value", /one second or more/],
  ['[signer.lifetimes]\nroot = "200y"', "config.value", /hundred years/],
  ['[log]\nlevel = "loud"', "config.value", /one of trace, debug/],
];

for (const [text, code, message] of refused) {
  test(`parseConfig() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseConfig(text), { code, message });
  });
}
