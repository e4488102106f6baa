/**
 * What is allowed in a map and probably not meant (docs/spec/index-map.md): a name space that is open although it looks
 * closed, a mapping that never speaks, an agreement that two groups can reach. Said at start and in `holdfast status`.
 */
import type { Mapping } from "#formats/config/proxy-config.ts";
import { matchesPathPattern } from "#formats/tuf/path-pattern.ts";

export type MapWarning = {
  readonly code: "map.open" | "map.split" | "map.unreachable" | "map.unused";
  readonly sentence: string;
};

/** `indexes`: the names of all that are configured. */
export function mapWarnings(
  mappings: readonly Mapping[],
  indexes: readonly string[],
): readonly MapWarning[] {
  return [
    ...mappings.flatMap((mapping, at) => [
      ...unreachableNames(mapping, mappings.slice(0, at)),
      ...openNames(mapping, mappings.slice(at + 1)),
      ...splitAgreement(mapping),
    ]),
    ...unusedIndexes(mappings, indexes),
  ];
}

/** Names of a mapping for which one before it has the last word. */
function unreachableNames(mapping: Mapping, earlier: readonly Mapping[]): readonly MapWarning[] {
  const closed = earlier.filter(({ terminating }) => terminating);
  return mapping.names.flatMap((pattern) => {
    const before = closed.find(({ names }) => names.some((wider) => covers(wider, pattern)));
    if (before === undefined) return [];
    const sentence = `The mapping of "${pattern}" to ${list(mapping.indexes)} never speaks: ${list(before.indexes)} has the last word on these names, because its mapping comes first and is terminating`;
    return [{ code: "map.unreachable", sentence } as const];
  });
}

/** Names that look like somebody's own, and that others answer for where the owner has not got them. */
function openNames(mapping: Mapping, later: readonly Mapping[]): readonly MapWarning[] {
  const own = mapping.names.filter((pattern) => pattern !== "*");
  const [pattern] = own;
  if (pattern === undefined) return [];
  const names = own.map((text) => `"${text}"`).join(", ");
  const [first, ...others] = mapping.indexes;
  if (mapping.agree === 1 && others.length > 0) {
    const sentence = `A project of ${names} that ${first} does not have is taken from ${list(others)}`;
    return [{ code: "map.open", sentence }];
  }
  if (mapping.terminating) return [];
  const next = later.find((other) => own.some((text) => overlapsAny(text, other.names)));
  if (next === undefined) return [];
  const sentence = `A project of ${names} that ${list(mapping.indexes)} does not have is taken from ${list(next.indexes)}: write terminating = true, unless that is meant`;
  return [{ code: "map.open", sentence }];
}

function splitAgreement({ agree, indexes, names }: Mapping): readonly MapWarning[] {
  if (agree === 1 || 2 * agree > indexes.length) return [];
  const sentence = `For ${names.map((text) => `"${text}"`).join(", ")}, ${agree} of ${indexes.length} indexes agree: two groups of them can agree on different things, and each adds its own`;
  return [{ code: "map.split", sentence }];
}

function unusedIndexes(
  mappings: readonly Mapping[],
  indexes: readonly string[],
): readonly MapWarning[] {
  const used = new Set(mappings.flatMap((mapping) => mapping.indexes));
  return indexes
    .filter((name) => !used.has(name))
    .map((name) => ({ code: "map.unused", sentence: `The index ${name} is in no mapping` }));
}

/** Whether every name of `pattern` is one of `wider`: its own `*` can only be matched by another. */
function covers(wider: string, pattern: string): boolean {
  return matchesPathPattern(wider, pattern);
}

function overlapsAny(pattern: string, others: readonly string[]): boolean {
  return others.some((other) => patternsOverlap(pattern, other));
}

/** Whether there is a name that both patterns match; `*` is any run of characters. */
export function patternsOverlap(left: string, right: string): boolean {
  /** For what is left of `left`, all ends of `right` that can still go with it. */
  let ends = new Set([0]);
  const closure = (from: Iterable<number>): Set<number> => {
    const reached = new Set(from);
    for (const at of reached) if (right[at] === "*") reached.add(at + 1);
    return reached;
  };
  for (const character of left) {
    ends = closure(ends);
    const next = new Set<number>();
    if (character === "*") {
      const least = Math.min(...ends);
      for (let at = least; at <= right.length; at += 1) next.add(at);
    } else {
      for (const at of ends) {
        if (right[at] === "*") next.add(at);
        else if (right[at] === character) next.add(at + 1);
      }
    }
    ends = next;
    if (ends.size === 0) return false;
  }
  return closure(ends).has(right.length);
}

function list(names: readonly string[]): string {
  return names.join(", ");
}
