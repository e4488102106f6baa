/** The project's TypeScript files and what each of them imports: what the walls are checked on. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** Paths below the project's root, with slashes, to the files' texts. */
export type SourceTree = ReadonlyMap<string, string>;

export type Import = {
  readonly specifier: string;
  /** The project's file it names, or undefined for Node's own modules and packages. */
  readonly file: string | undefined;
  /** The package it names, or undefined for files of the project and Node's own modules. */
  readonly packageName: string | undefined;
  /** `import(…)`: loaded only when the line is reached. */
  readonly isDynamic: boolean;
};

export const projectRoot: string = dirname(import.meta.dirname);

export function readSourceTree(root: string = projectRoot): SourceTree {
  const paths = globSync("{src,test,tools,bench}/**/*.ts", { cwd: root }).toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Static, type-only, re-exporting and dynamic imports alike. */
export function listImports(path: string, text: string): readonly Import[] {
  const statement = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"(?<name>[^"\n]+)"/gm;
  const dynamic = /\bimport\(\s*"(?<name>[^"\n]+)"/g;
  const names = (matches: Iterable<RegExpMatchArray>): string[] =>
    [...matches].map((match) => match.groups?.["name"] ?? "");
  return [
    ...names(text.matchAll(statement)).map((name) => resolveImport(path, name, false)),
    ...names(text.matchAll(dynamic)).map((name) => resolveImport(path, name, true)),
  ];
}

const rooms: ReadonlyMap<string, string> = new Map([
  ["#crypto", "src/crypto"],
  ["#formats", "src/formats"],
  ["#core", "src/core"],
  ["#stores", "src/stores"],
  ["#apps", "src/apps"],
  ["#attacks", "test/attacks"],
  ["#mutants", "test/mutants"],
  ["#bench", "bench"],
  ["#tools", "tools"],
  ["#real", "test/real"],
  ["#world", "test/world"],
  ["#clients", "test/clients"],
]);

function resolveImport(from: string, specifier: string, isDynamic: boolean): Import {
  const found = { specifier, isDynamic, file: undefined, packageName: undefined };
  const [head = "", ...tail] = specifier.split("/");
  const room = rooms.get(head);
  if (room !== undefined) return { ...found, file: [room, ...tail].join("/") };
  if (specifier.startsWith(".")) {
    return { ...found, file: posix.join(posix.dirname(from), specifier) };
  }
  if (specifier.startsWith("node:")) return found;
  return { ...found, packageName: head.startsWith("@") ? `${head}/${tail[0] ?? ""}` : head };
}
