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
  return [...text.matchAll(statement), ...text.matchAll(dynamic)].map((match) =>
    resolveImport(path, match.groups?.["name"] ?? ""),
  );
}

const rooms: ReadonlyMap<string, string> = new Map([
  ["#crypto", "src/crypto"],
  ["#formats", "src/formats"],
  ["#core", "src/core"],
  ["#stores", "src/stores"],
  ["#apps", "src/apps"],
  ["#attacks", "test/attacks"],
  ["#bench", "bench"],
  ["#tools", "tools"],
  ["#world", "test/world"],
  ["#clients", "test/clients"],
]);

function resolveImport(from: string, specifier: string): Import {
  const [head = "", ...tail] = specifier.split("/");
  const room = rooms.get(head);
  if (room !== undefined) {
    return { specifier, file: [room, ...tail].join("/"), packageName: undefined };
  }
  if (specifier.startsWith(".")) {
    const file = posix.join(posix.dirname(from), specifier);
    return { specifier, file, packageName: undefined };
  }
  if (specifier.startsWith("node:")) return { specifier, file: undefined, packageName: undefined };
  const packageName = head.startsWith("@") ? `${head}/${tail[0] ?? ""}` : head;
  return { specifier, file: undefined, packageName };
}
