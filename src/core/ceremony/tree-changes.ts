/**
 * What differs between two signed parts, member by member: for everything that `describe-changes.ts` has no words for,
 * so that nothing is signed unseen.
 */
import { canonicalJson } from "#formats/json/canonical.ts";
import { isJsonArray, isJsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";

export type TreeChange = {
  /** Member names from the top; from files, so anything may stand in them. */
  readonly path: readonly string[];
  /** Canonical text; undefined: not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
};

/** In the order of the members. Lists of named objects are compared by name, and their order by itself. */
export function treeChanges(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[] = [],
): readonly TreeChange[] {
  if (before !== undefined && after !== undefined) {
    if (isJsonObject(before) && isJsonObject(after)) return memberChanges(before, after, path);
    const named = [namedMembers(before), namedMembers(after)] as const;
    if (named[0] !== undefined && named[1] !== undefined) {
      return [
        ...memberChanges(named[0], named[1], path),
        ...orderChanges([...named[0].keys()], [...named[1].keys()], path),
      ];
    }
  }
  const texts = { before: textOf(before), after: textOf(after) };
  return texts.before === texts.after ? [] : [{ path, ...texts }];
}

function memberChanges(
  before: JsonObject,
  after: JsonObject,
  path: readonly string[],
): readonly TreeChange[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) =>
    treeChanges(before.get(name), after.get(name), [...path, name]),
  );
}

/** Of what stands in both, because the order of delegations is their priority. */
function orderChanges(
  before: readonly string[],
  after: readonly string[],
  path: readonly string[],
): readonly TreeChange[] {
  const kept = before.filter((name) => after.includes(name));
  const now = after.filter((name) => before.includes(name));
  return treeChanges(kept, now, [...path, "order"]);
}

/** By name, where every member is an object with a name of its own. */
function namedMembers(value: Json): JsonObject | undefined {
  if (!isJsonArray(value)) return undefined;
  const members = new Map<string, Json>();
  for (const member of value) {
    const name = isJsonObject(member) ? member.get("name") : undefined;
    if (typeof name !== "string" || members.has(name)) return undefined;
    members.set(name, member);
  }
  return members;
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : parseUtf8(canonicalJson(value));
}
