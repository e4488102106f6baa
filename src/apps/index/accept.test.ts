import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { acceptsGzip, negotiateErrorForm, negotiateSimpleForm } from "./accept.ts";

const json = "application/vnd.pypi.simple.v1+json";
const html = "application/vnd.pypi.simple.v1+html";

test("negotiateSimpleForm() follows the weights that clients send", () => {
  for (const [accept, form] of [
    // pip, uv, poetry
    [`${json}, ${html}; q=0.1, text/html; q=0.01`, "json"],
    [`${json}, ${html};q=0.2, text/html;q=0.01`, "json"],
    [`${json}, */*;q=0.1`, "json"],
    [`text/html, ${json};q=0.5`, "legacy-html"],
    [`${html};q=0.9, ${json};q=0.8`, "html"],
    [`text/html, ${html}, ${json}`, "json"],
    ["application/vnd.pypi.simple.latest+json", "json"],
    [json.toUpperCase(), "json"],
    [`${json};q=0`, "legacy-html"],
    [`${json};q=2`, "legacy-html"],
    ["application/vnd.pypi.simple.v2+json", "legacy-html"],
    ["*/*", "legacy-html"],
    ["", "legacy-html"],
    [undefined, "legacy-html"],
  ] as const) {
    assert.equal(negotiateSimpleForm(accept), form, accept);
  }
});

test("acceptsGzip() knows refusals, wildcards and weights", () => {
  for (const [header, expected] of [
    ["gzip, deflate", true],
    ["gzip, deflate, zstd", true],
    ["deflate, GZIP;q=0.1", true],
    ["gzip;q=0", false],
    ["gzip;q=0, *", false],
    ["*", true],
    ["*;q=0", false],
    ["identity", false],
    ["br", false],
    [undefined, false],
  ] as const) {
    assert.equal(acceptsGzip(header), expected, header);
  }
});

test("negotiateErrorForm() takes the best that is known, else the fallback", () => {
  const uv = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7";
  assert.equal(negotiateErrorForm(uv, "text"), "json");
  assert.equal(negotiateErrorForm("*/*", "text"), "text");
  assert.equal(negotiateErrorForm(undefined, "problem"), "problem");
  assert.equal(negotiateErrorForm("text/html,application/xhtml+xml,*/*;q=0.8", "text"), "html");
});

test("any header is read without a fault", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (header) => {
      negotiateSimpleForm(header);
      acceptsGzip(header);
      negotiateErrorForm(header, "text");
    }),
  );
});
