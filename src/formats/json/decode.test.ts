import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import {
  boolean,
  integer,
  list,
  literal,
  natural,
  object,
  oneOf,
  optional,
  positive,
  record,
  string,
} from "./decode.ts";
import { parseJson } from "./parse.ts";
import type { Json } from "./value.ts";

const tree = (text: string): Json => parseJson(formatUtf8(text));

const decoder = object({
  name: string,
  threshold: positive("tuf.threshold"),
  names: optional(record(list(string))),
  isOpen: optional(boolean),
});

test("object() takes named members and ignores the others", () => {
  const value = decoder(tree('{"name":"a","threshold":2,"names":{"x":["y"]},"other":null}'), "");
  assert.equal(value.name, "a");
  assert.equal(value.threshold, 2);
  assert.deepEqual(value.names, new Map([["x", ["y"]]]));
  assert.equal("isOpen" in value, false);
});

test("decoders say where they failed", () => {
  const cases: readonly [string, string, string][] = [
    ['{"threshold":1}', "json.type", "root"],
    ['{"name":1,"threshold":1}', "json.type", "root.name"],
    ['{"name":"a","threshold":0}', "tuf.threshold", "root.threshold"],
    ['{"name":"a","threshold":"1"}', "tuf.threshold", "root.threshold"],
    ['{"name":"a","threshold":1,"names":null}', "json.type", "root.names"],
    ['{"name":"a","threshold":1,"names":{"x":["y",1]}}', "json.type", "root.names.x[1]"],
    ["[]", "json.type", "root"],
    ["null", "json.type", "root"],
  ];
  for (const [text, code, at] of cases) {
    assert.throws(() => decoder(tree(text), "root"), { code, at }, text);
  }
});

test("single decoders refuse other types", () => {
  assert.throws(() => string(1, ""), { code: "json.type" });
  assert.throws(() => boolean("true", ""), { code: "json.type" });
  assert.throws(() => integer("1", ""), { code: "json.type" });
  assert.throws(() => natural(-1, ""), { code: "json.type" });
  assert.throws(() => positive()(0, ""), { code: "json.type" });
  assert.throws(() => literal("root", "tuf.type")("targets", ""), { code: "tuf.type" });
  assert.throws(() => oneOf(["a", "b"])("c", ""), { code: "json.type" });
  assert.throws(() => oneOf(["a", "b"], "tuf.type")(1, ""), { code: "tuf.type" });
  assert.equal(oneOf(["a", "b"])("b", ""), "b");
  assert.throws(() => list(string)(new Map(), ""), { code: "json.type" });
  assert.equal(natural(0, ""), 0);
  assert.equal(literal("root")("root", ""), "root");
});

test("a member named __proto__ is a member like any other", () => {
  assert.throws(() => decoder(tree('{"__proto__":{"name":"a","threshold":1}}'), ""), {
    code: "json.type",
  });
});

test("a member's name in a message steers no terminal, and is cut", () => {
  const messageOf = (name: string): string => {
    try {
      record(integer)(new Map([[name, "x"]]), "signed");
    } catch (error) {
      if (error instanceof Error) return error.message;
    }
    return "";
  };
  assert.match(messageOf("bin-00"), /\(at signed\.bin-00\)$/);
  assert.match(
    messageOf("x\u001b[2J\u009b\u202e\n"),
    /\(at signed\."x\\u\{1b\}\[2J\\u\{9b\}\\u\{202e\}\\u\{a\}"\)$/,
  );
  assert.ok(messageOf("x".repeat(10_000)).length < 200);
});
