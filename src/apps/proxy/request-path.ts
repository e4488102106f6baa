/** What a request's path asks for. Segments are decoded once, and only then looked at. */
import { isHex } from "#formats/bytes/hex.ts";
import { FormatError } from "#formats/format-error.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";

export type Wanted =
  | { readonly kind: "page"; readonly project: ProjectName }
  /** The page, by an address that is not its own. */
  | { readonly kind: "page-elsewhere"; readonly location: string }
  | {
      readonly kind: "file";
      readonly project: ProjectName;
      readonly sha256: string;
      readonly filename: string;
      readonly metadata: boolean;
    }
  | { readonly kind: "project-list" }
  | { readonly kind: "status" }
  | { readonly kind: "start" }
  | { readonly kind: "nothing" };

const metadataSuffix = ".metadata";
const pathLengthMax = 2_048;

/** `name` is the index's name, the first segment of all its addresses. */
export function parseRequestPath(path: string, name: string): Wanted {
  const segments = path.length > pathLengthMax ? undefined : decodeSegments(path);
  if (segments === undefined) return { kind: "nothing" };
  const [first = "", second = "", third, fourth, fifth, ...more] = segments;
  if (segments.length === 1 && first === "") return { kind: "start" };
  if (first === "-" && second === "status" && segments.length === 2) return { kind: "status" };
  if (first !== name || more.length > 0) return { kind: "nothing" };
  if (second === "simple" && fifth === undefined) return parsePagePath(third, fourth, name);
  if (second !== "files" || third === undefined || fourth === undefined || fifth === undefined) {
    return { kind: "nothing" };
  }
  const project = parseProject(third);
  if (project !== third || !isHex(fourth, 32) || !/^[^/\\\0]{1,300}$/.test(fifth))
    return { kind: "nothing" };
  const metadata = fifth.endsWith(metadataSuffix);
  const filename = metadata ? fifth.slice(0, -metadataSuffix.length) : fifth;
  return { kind: "file", project, sha256: fourth, filename, metadata };
}

function parsePagePath(
  project: string | undefined,
  rest: string | undefined,
  name: string,
): Wanted {
  if (project === undefined || (project === "" && rest === undefined))
    return { kind: "project-list" };
  if (rest !== undefined && rest !== "") return { kind: "nothing" };
  const normalised = parseProject(project);
  if (normalised === undefined) return { kind: "nothing" };
  if (normalised === project && rest === "") return { kind: "page", project: normalised };
  return { kind: "page-elsewhere", location: `/${name}/simple/${normalised}/` };
}

function decodeSegments(path: string): readonly string[] | undefined {
  const [bare = ""] = path.split("?");
  if (!bare.startsWith("/")) return undefined;
  try {
    return bare.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function parseProject(text: string): ProjectName | undefined {
  try {
    return normaliseProjectName(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
