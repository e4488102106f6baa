/**
 * The name of an index in the proxy's addresses. Lock files record it, so it has to be the same on every machine and
 * stay; it says nothing about trust.
 */
import type { Fetch } from "#core/ports.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import { documentLimits } from "#core/verdict/limits.ts";
import { object, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";

const wellKnownSizeMax = 65_536;
const decodeWellKnown = object({ name: string });

/** Letters, digits, dots and dashes, as in a host name; what a path segment can be without encoding. */
export function isIndexName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text);
}

/** The index's host as a name. */
export function hostName(index: URL): string {
  const name = index.hostname
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-")
    .replaceAll(/^[.-]+|[.-]+$/g, "");
  return isIndexName(name) ? name : "index";
}

/** The name that the index gives itself, or undefined when it gives none that is one. */
export async function fetchIndexName(
  fetchDocument: Fetch,
  index: URL,
): Promise<string | undefined> {
  const url = new URL(".well-known/holdfast.json", index);
  try {
    const { body, status } = await fetchDocument({ url }, documentLimits(wellKnownSizeMax));
    if (status !== 200) return undefined;
    const { name } = decodeWellKnown(parseJson(body), "");
    const spelled = name
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_]+/g, "-");
    return isIndexName(spelled) ? spelled : undefined;
  } catch (error) {
    // Without it the host will do: nothing rests on this answer.
    refusalOf(error, "index");
    return undefined;
  }
}
