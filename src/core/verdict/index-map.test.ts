import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "#core/errors.ts";
import type { Mapping } from "#formats/config/proxy-config.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { checkVoices, decideStep, refusalAfter, stepsFor } from "./index-map.ts";
import type { Presence, StepDecision } from "./index-map.ts";
import { refusalOf } from "./refusal.ts";

const acme = normaliseProjectName("acme-core");
const demo = normaliseProjectName("demo");
const found: Presence = { kind: "found" };
const absent: Presence = { kind: "absent" };
const dead: Presence = {
  kind: "refused",
  refusal: refusalOf(new UnavailableError("network.connect", "Nobody there"), "index"),
};

function mapping(names: string, indexes: string, more: Partial<Mapping> = {}): Mapping {
  return {
    names: names.split(" "),
    indexes: indexes.split(" "),
    agree: 1,
    terminating: true,
    ...more,
  };
}

test("stepsFor() takes the mappings whose patterns match, in order", () => {
  const mappings = [
    mapping("other-*", "c"),
    mapping("acme acme-*", "a", { terminating: false }),
    mapping("*", "b"),
  ];
  assert.deepEqual(stepsFor(mappings, acme), [
    { indexes: ["a"], agree: 1 },
    { indexes: ["b"], agree: 1 },
  ]);
  assert.deepEqual(stepsFor(mappings, demo), [{ indexes: ["b"], agree: 1 }]);
  assert.deepEqual(stepsFor(mappings.slice(0, 2), demo), []);
});

test("stepsFor() goes no further than a terminating mapping", () => {
  const mappings = [mapping("acme-*", "a"), mapping("*", "b")];
  assert.deepEqual(stepsFor(mappings, acme), [{ indexes: ["a"], agree: 1 }]);
});

test("stepsFor() asks one index after the other where one is enough, and together where more must agree", () => {
  assert.deepEqual(stepsFor([mapping("*", "a b c")], demo), [
    { indexes: ["a"], agree: 1 },
    { indexes: ["b"], agree: 1 },
    { indexes: ["c"], agree: 1 },
  ]);
  const two = [mapping("*", "a b c", { agree: 2 })];
  assert.deepEqual(stepsFor(two, demo), [{ indexes: ["a", "b", "c"], agree: 2 }]);
});

test("decideStep() takes a project that enough indexes have, whatever the others say", () => {
  const step = { indexes: ["a", "b", "c"], agree: 2 };
  for (const third of [found, absent, dead]) {
    const decision: StepDecision = decideStep(step, [found, third, found]);
    const by: readonly string[] = third === found ? ["a", "b", "c"] : ["a", "c"];
    assert.deepEqual(decision, { kind: "taken", by });
  }
});

test("decideStep() passes only where absence is proven by so many that the rest cannot agree", () => {
  const step = { indexes: ["a", "b", "c"], agree: 2 };
  assert.deepEqual(decideStep(step, [absent, dead, absent]), { kind: "passed", by: [] });
  assert.deepEqual(decideStep(step, [absent, found, absent]), { kind: "passed", by: ["b"] });
  const one = { indexes: ["a"], agree: 1 };
  assert.deepEqual(decideStep(one, [absent]), { kind: "passed", by: [] });
});

test("decideStep() does not pass an index that cannot be reached or is refused", () => {
  assert.ok(dead.kind === "refused");
  const { refusal } = dead;
  const one = { indexes: ["a"], agree: 1 };
  assert.deepEqual(decideStep(one, [dead]), { kind: "refused", index: "a", refusal });
  const step = { indexes: ["a", "b", "c"], agree: 2 };
  const blocked = { kind: "refused", index: "b", refusal };
  assert.deepEqual(decideStep(step, [found, dead, absent]), blocked);
  assert.deepEqual(decideStep(step, [absent, dead, dead]), blocked);
  assert.throws(() => decideStep(step, [found]), /Invariant broken/);
});

test("refusalAfter() tells names without a mapping, and projects that too few have, from those that nobody has", () => {
  assert.equal(refusalAfter(demo, [], [])?.code, "map.unmapped");
  const steps = [
    { indexes: ["a"], agree: 1 },
    { indexes: ["b", "c"], agree: 2 },
  ];
  assert.equal(refusalAfter(demo, steps, [[], []]), undefined);
  const short = refusalAfter(demo, steps, [[], ["c"]]);
  assert.equal(short?.code, "map.agreement");
  assert.equal(short?.sentence, "Only c of b, c has demo, and 2 must agree");
  assert.deepEqual(short?.evidence, { project: "demo", indexes: "b, c", has: "c", agree: 2 });
});

test("checkVoices() refuses two indexes that have one root in common, and says which", () => {
  const voice = (index: string, ...roots: string[]) => ({ index, roots: new Set(roots) });
  checkVoices([]);
  checkVoices([voice("a", "1", "2"), voice("b", "3"), voice("c", "4", "5")]);
  const twins = [voice("a", "1", "2"), voice("b", "3"), voice("c", "5", "2", "6")];
  assert.throws(() => checkVoices(twins), { code: "map.one-voice", message: /^a and c are one/ });
});
