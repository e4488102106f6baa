import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./config.ts";

const own = `[proxy.indexes.own]\nurl = "https://own.example/simple"\nroot = "own.json"\n`;
const fingerprint = `sha256:${"AB".repeat(32)}`;
const other = `[proxy.indexes.other]\nurl = "https://other.example/"\nfingerprint = "${fingerprint}"\n`;
const mapping = (text: string): string => `[[proxy.map]]\n${text}\n`;
const all = mapping('names = ["*"]\nindexes = ["own"]');

test("parseConfig() reads a map of indexes with its defaults", () => {
  const { map } = parseConfig(
    `[proxy]\nmap-name = "acme"\n${own}credentials = "own-login.json"\n${other}mirror = "https://mirror.example"\n` +
      mapping('names = ["acme-*", "acme"]\nindexes = ["own"]') +
      mapping('names = ["*"]\nindexes = ["other", "own"]\nagree = 2\nterminating = false'),
  ).proxy;
  assert.ok(map);
  assert.equal(map.name, "acme");
  assert.deepEqual(
    [...map.indexes],
    [
      [
        "own",
        {
          url: "https://own.example/simple/",
          anchor: { kind: "root", path: "own.json" },
          credentials: "own-login.json",
        },
      ],
      [
        "other",
        {
          url: "https://other.example/",
          mirror: "https://mirror.example/",
          anchor: { kind: "fingerprint", fingerprint: fingerprint.toLowerCase() },
        },
      ],
    ],
  );
  assert.deepEqual(map.mappings, [
    { names: ["acme-*", "acme"], indexes: ["own"], agree: 1, terminating: true },
    { names: ["*"], indexes: ["other", "own"], agree: 2, terminating: false },
  ]);
  assert.equal(parseConfig(own + all).proxy.map?.name, "map");
  assert.equal("map" in parseConfig("[proxy]\nport = 1").proxy, false);
});

const many = Array.from({ length: 17 }, (_, at) => own.replaceAll("own", `own${at}`)).join("");
const patterns = Array.from({ length: 1_001 }, (_, at) => `"a${at}"`).join(", ");

const refused: readonly (readonly [text: string, code: string, message: RegExp])[] = [
  [own, "config.map", /no mapping says/],
  ['[proxy]\nmap-name = "x"', "config.map", /no mapping says/],
  ["[proxy]\nmap = []", "config.map", /no mapping says/],
  [mapping('names = ["*"]\nindexes = ["own"]'), "config.map", /no index "own": write \[proxy/],
  [own + mapping('names = ["*"]\nindexes = ["owm"]'), "config.map", /did you mean "own"/],
  [
    own + mapping('names = ["*"]\nindexes = ["own"]\nagree = 2'),
    "config.map",
    /2 of 1 indexes can never agree \(at proxy\.map\[0\]\)/,
  ],
  [own + other + mapping('names = ["*"]\nindexes = ["own", "other"]'), "config.map", /how many/],
  [own + mapping('names = ["*"]\nindexes = ["own"]\nagree = 0'), "config.value", /1 to 16/],
  [own + mapping('names = ["*"]\nindexes = ["own", "own"]\nagree = 2'), "config.value", /twice/],
  [own + mapping('names = ["*"]\nindexes = []'), "config.value", /1 to 16 texts/],
  [own + mapping("names = []\nindexes = ['own']"), "config.value", /1 to 1000 texts/],
  [own + mapping("indexes = ['own']"), "config.map", /for which projects/],
  [own + mapping('names = ["*"]'), "config.map", /say which indexes/],
  [own + mapping("names = '*'\nindexes = ['own']"), "config.value", /a list/],
  [own + mapping("names = ['*']\nindexes = ['own']\nterminating = 1"), "config.value", /true or/],
  [own + mapping("names = ['*']\nindexes = ['own']\nagre = 1"), "config.unknown-key", /agree"\?/],
  ["[proxy.map]\nnames = ['*']", "config.unknown-key", /proxy\.map\.names/],
  ["[proxy]\nmap = ['*']", "config.value", /\[\[proxy\.map\]\]/],
  [own + own.replace("own]", "two]") + all, "config.map", /own and two are one index/],
  [
    other + other.replace("other]", "two]").replace("other.", "two.") + all,
    "config.map",
    /other and two are one index: both have sha256/,
  ],
  [own.replace(/root.*/, "") + all, "config.map", /one of root and fingerprint/],
  [`${own}fingerprint = "${fingerprint}"\n${all}`, "config.map", /one of root and fingerprint/],
  [own.replace(/url.*/, "") + all, "config.map", /say where own is/],
  [own.replace("https", "ftp") + all, "config.value", /http or https/],
  [`${own}tofu = true\n${all}`, "config.unknown-key", /proxy\.indexes\.own\.tofu/],
  [own.replace("own]", '"o.n"]') + all, "config.map", /say where o is/],
  [own.replace("own]", "Own]") + all, "config.value", /lower-case/],
  [other.replace("AB", "A") + all, "config.value", /64 hex digits/],
  [`${own}credentials = ""\n${all}`, "config.value", /path of a file/],
  [`[proxy]\nmap-name = "a/b"\n${own}${all}`, "config.value", /lower-case letters/],
  [many + all.replace("own", "own1"), "config.map", /at most 16 indexes/],
  [own + all.repeat(101), "config.map", /at most 100 mappings/],
  [own + mapping(`names = [${patterns}]\nindexes = ["own"]`), "config.value", /1 to 1000/],
  [
    own +
      mapping(
        `names = [${patterns.slice(0, 5_000).replace(/,[^,]*$/, "")}]\nindexes = ["own"]`,
      ).repeat(2),
    "config.map",
    /at most 1000 patterns/,
  ],
  ...["Acme-*", "acme_*", "acme.*", "acme--*", "-acme", "acme-", "a?c", "[a]", "", "a/b"].map(
    (pattern) =>
      [
        own + mapping(`names = ["${pattern}"]\nindexes = ["own"]`),
        "config.value",
        /a pattern on normalised names/,
      ] as const,
  ),
];

for (const [at, [text, code, message]] of refused.entries()) {
  test(`parseConfig() refuses map ${at}: ${message}`, () => {
    assert.throws(() => parseConfig(text), { code, message });
  });
}
