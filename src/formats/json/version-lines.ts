/**
 * The lines of a large snapshot, `"bin-0000.json":{"version":7}`: the first members of the one object that is called
 * `meta`, read one after the other without a tree of them being made, written again and compared (exact.ts). Names ascend,
 * so that none is there twice. Whatever is not exactly so stays in the text.
 */
import type { Json } from "./value.ts";

export type VersionLines = {
  /** Of the member from which they were cut. */
  readonly name: string;
  /** At least one; the caller's own. */
  readonly members: Map<string, Json>;
  /** The last one's name. */
  readonly last: string;
  /** The text without them. */
  readonly rest: string;
};

const name = "meta";
const start = `"${name}":{`;
/** Nothing in a name is written or sorted in more than one way, and the number is exact. */
// oxlint-disable-next-line no-control-regex
const line = /"([^"\u0000-\u001f\ud800-\udfff]*)":\{"version":([1-9][0-9]{0,14})\}([,}])/y;

/** `text` holds no backslash: so `start` is where a member begins, and never part of a string. */
export function cutVersionLines(text: string): VersionLines | undefined {
  const from = text.indexOf(start) + start.length;
  if (from < start.length || text.includes(start, from)) return undefined;
  const members = new Map<string, Json>();
  // Trees never change, so that one object stands for all with the same version.
  const shared = new Map<string, Json>();
  let last: string | undefined;
  let to = from;
  for (let end = ","; end === ",";) {
    line.lastIndex = to;
    const [whole, role = "", version = "", next = ""] = line.exec(text) ?? [];
    if (whole === undefined || (last !== undefined && role <= last)) break;
    const file = shared.get(version) ?? new Map([["version", Number(version)]]);
    shared.set(version, file);
    members.set(role, file);
    last = role;
    end = next;
    // The brace stays.
    to += next === "," ? whole.length : whole.length - 1;
  }
  if (last === undefined) return undefined;
  // After a comma comes another member: without the lines this would not be missed.
  if (text[to - 1] === "," && text[to] !== '"') return undefined;
  return { name, members, last, rest: text.slice(0, from) + text.slice(to) };
}
