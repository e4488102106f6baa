/**
 * Several indexes (TAP 4, docs/spec/index-map.md): which of them are asked for a project, in which order, and when the
 * search may go on. It goes on only past indexes that have proven not to have the project: one that is silent or lies
 * may have it, and whoever silences it wants the next one to answer.
 */
import { TrustError } from "#core/errors.ts";
import type { Mapping } from "#formats/config/proxy-config.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { matchesPathPattern } from "#formats/tuf/path-pattern.ts";
import { refusalOf } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** Indexes that are asked together, and how many of them must have a project for it to be theirs. */
export type Step = { readonly indexes: readonly string[]; readonly agree: number };

/** What one index says about a project. "absent" is proven by its signatures, now. */
export type Presence =
  | { readonly kind: "found" }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type StepDecision =
  /** These have it, in order; nobody after them is asked. */
  | { readonly kind: "taken"; readonly by: readonly string[] }
  /** So many have proven not to have it that the rest cannot agree. `by`: who has it all the same. */
  | { readonly kind: "passed"; readonly by: readonly string[] }
  /** Not to be told, because this index did not say. */
  | { readonly kind: "refused"; readonly index: string; readonly refusal: Refusal };

/** An index, and fingerprints of the roots it stood on, from the first one trusted to the one in force. */
export type Voice = { readonly index: string; readonly roots: ReadonlySet<string> };

/**
 * Every step to be taken for a project until one decides; none when no mapping names it. Where one index is enough, each
 * is a step of its own: the first that has the project decides alone, so that no other one adds a file to it.
 */
export function stepsFor(mappings: readonly Mapping[], project: ProjectName): readonly Step[] {
  const steps: Step[] = [];
  for (const { agree, indexes, names, terminating } of mappings) {
    if (!names.some((pattern) => matchesPathPattern(pattern, project))) continue;
    if (agree > 1) steps.push({ indexes, agree });
    else steps.push(...indexes.map((index) => ({ indexes: [index], agree })));
    if (terminating) break;
  }
  return steps;
}

/** `presences` are in the order of the step's indexes. */
export function decideStep({ agree, indexes }: Step, presences: readonly Presence[]): StepDecision {
  const by = indexes.filter((_, at) => presences[at]?.kind === "found");
  if (by.length >= agree) return { kind: "taken", by };
  const absent = presences.filter(({ kind }) => kind === "absent").length;
  if (indexes.length - absent < agree) return { kind: "passed", by };
  const at = presences.findIndex(({ kind }) => kind === "refused");
  const presence = presences[at];
  if (presence?.kind !== "refused") {
    throw new Error("Invariant broken: a step is decided before every index was asked");
  }
  return { kind: "refused", index: indexes[at] ?? "", refusal: presence.refusal };
}

/** When the last step has passed: the refusal of a project, or undefined when nobody has it at all. */
export function refusalAfter(
  project: ProjectName,
  steps: readonly Step[],
  passedBy: readonly (readonly string[])[],
): Refusal | undefined {
  const subject = `page ${project}`;
  if (steps.length === 0) {
    const sentence = `No mapping says where ${project} comes from: add its name, or "*", to a [[proxy.map]] of the configuration`;
    return refusalOf(new TrustError("map.unmapped", sentence, { project }), subject);
  }
  const short = steps.findIndex((_, at) => (passedBy[at] ?? []).length > 0);
  const step = steps[short];
  if (step === undefined) return undefined;
  const by = (passedBy[short] ?? []).join(", ");
  const asked = step.indexes.join(", ");
  const sentence = `Only ${by} of ${asked} has ${project}, and ${step.agree} must agree`;
  const evidence = { project, indexes: asked, has: by, agree: step.agree };
  return refusalOf(new TrustError("map.agreement", sentence, evidence), subject);
}

/**
 * What two indexes say counts twice only where two parties say it. A root that both have stood on makes them one: the
 * anchors may be different roots of one chain. Throws TrustError `map.one-voice`.
 */
export function checkVoices(voices: readonly Voice[]): void {
  const byRoot = new Map<string, string>();
  for (const { index, roots } of voices) {
    for (const root of roots) {
      const other = byRoot.get(root) ?? index;
      byRoot.set(root, other);
      if (other === index) continue;
      const sentence = `${other} and ${index} are one index: both follow the root ${root}, so they say nothing that one of them does not. Take one of them out of the map`;
      throw new TrustError("map.one-voice", sentence, { indexes: `${other}, ${index}`, root });
    }
  }
}
