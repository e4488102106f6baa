import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { formatDenyList, parseDenyList } from "./deny-list.ts";
import type { Denial } from "./deny-list.ts";

const aDenial = (denial: Partial<Denial> = {}): Denial => ({
  project: normaliseProjectName("demo"),
  reason: "Steals tokens",
  time: "2026-11-21T08:00:00Z",
  ...denial,
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("formatDenyList() sorts, and parseDenyList() reads it back", () => {
  const file = aDenial({ filename: "demo-1.0.tar.gz" });
  const other = aDenial({ project: normaliseProjectName("dem0") });
  const text = formatDenyList([file, aDenial(), other]);
  assert.deepEqual(parseDenyList(text), [other, aDenial(), file]);
  assert.equal(
    new TextDecoder().decode(formatDenyList([file])),
    '{"deny":[{"filename":"demo-1.0.tar.gz","project":"demo","reason":"Steals tokens","time":"2026-11-21T08:00:00Z"}]}',
  );
});

test("parseDenyList() refuses the whole list for one bad entry", () => {
  const good = '{"project":"demo","reason":"r","time":"2026-11-21T08:00:00Z"}';
  assert.equal(parseDenyList(bytes(`{"deny":[${good}],"more":1}`)).length, 1);
  const bad: readonly (readonly [string, string])[] = [
    ['{"project":"Demo","reason":"r","time":"2026-11-21T08:00:00Z"}', "deny.malformed"],
    ['{"project":"demo","reason":"","time":"2026-11-21T08:00:00Z"}', "deny.malformed"],
    ['{"project":"demo","reason":"a\\nb","time":"2026-11-21T08:00:00Z"}', "deny.malformed"],
    [
      '{"project":"demo","filename":"a/b","reason":"r","time":"2026-11-21T08:00:00Z"}',
      "deny.malformed",
    ],
    ['{"project":"demo","reason":"r","time":"2026-11-21"}', "bytes.instant"],
    ['{"project":"demo","reason":"r"}', "json.type"],
    [
      '{"project":"demo","project":"x","reason":"r","time":"2026-11-21T08:00:00Z"}',
      "json.duplicate-member",
    ],
  ];
  for (const [entry, code] of bad) {
    assert.throws(() => parseDenyList(bytes(`{"deny":[${good},${entry}]}`)), { code }, entry);
  }
  assert.throws(() => parseDenyList(bytes("{}")), { code: "json.type" });
});

test("parseDenyList() reads what formatDenyList() writes", () => {
  const denial = fc.record({
    project: fc.stringMatching(/^[a-z0-9]{1,8}$/).map(normaliseProjectName),
    reason: fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text)),
    time: fc.constant("2026-11-21T08:00:00Z"),
  });
  fc.assert(
    fc.property(fc.array(denial, { maxLength: 5 }), (denials) => {
      const text = formatDenyList(denials);
      assert.deepEqual(formatDenyList(parseDenyList(text)), text);
    }),
  );
});
