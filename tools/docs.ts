/**
 * Keeps the documents true: every path of the project that ARCHITECTURE.md, README.md or docs/ names exists, each
 * promise of the threat model names the test that keeps it, and each attack is somewhere in the threat model.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./source-tree.ts";

export type Documents = {
  /** Markdown files by path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly attackTests: readonly string[];
  /** The text of the project's file at this path; a folder's is empty; undefined when there is none. */
  readonly readProjectFile: (path: string) => string | undefined;
};

const threatModel = "docs/threat-model.md";

/** Paths in backticks that begin with one of our folders; a path with a placeholder is an example. */
const projectPath = /`((?:src|test|tools|bench|bin|docs)\/[^`\s#]*)`/g;
const testPath = /`((?:src|test|tools)\/[^`\s]+\.test\.ts)`/g;
/** A test's name in a row: in quotes, right behind its file. */
const testWithName = /`((?:src|test|tools)\/[^`\s]+\.test\.ts)`(?: |: | – | — )"([^"|]+)"/g;

/** One sentence per fault. */
export function findFaults(documents: Documents): readonly string[] {
  return [...documents.texts].flatMap(([path, text]) => [
    ...checkPaths(path, text, documents),
    ...(path === threatModel ? checkThreatModel(text, documents) : []),
  ]);
}

function checkPaths(path: string, text: string, { readProjectFile }: Documents): string[] {
  return [...text.matchAll(projectPath)]
    .map(([, named = ""]) => named)
    .filter((named) => !/[<>{}*…]/.test(named) && readProjectFile(named) === undefined)
    .map((named) => `${path}: there is no ${named}`);
}

function checkThreatModel(text: string, documents: Documents): readonly string[] {
  const rows = text
    .split(/\n(?:[ \t]*\n)+/)
    .flatMap(tableRows)
    .filter(({ header }) => /\btests?\b/i.test(header))
    .map(({ row }) => row);
  return [
    ...rows
      .filter((row) => [...row.matchAll(testPath)].length === 0)
      .map((row) => `${threatModel}: this row names no test: ${row}`),
    ...rows
      .flatMap((row) => [...row.matchAll(testWithName)])
      .flatMap(([, path = "", name = ""]) => {
        const isThere = documents.readProjectFile(path)?.includes(name) ?? false;
        return isThere ? [] : [`${threatModel}: ${path} has no test "${name}"`];
      }),
    ...documents.attackTests
      .filter((path) => !text.includes(`\`${path}\``))
      .map((path) => `${threatModel}: no row for ${path}`),
  ];
}

/** The body rows of a markdown table, each with its table's header; nothing for a paragraph. */
function tableRows(block: string): readonly { readonly header: string; readonly row: string }[] {
  const lines = block.split("\n").filter((line) => line.trimStart().startsWith("|"));
  const [header = "", separator = "", ...rows] = lines;
  return /^[\s|:-]+$/.test(separator) ? rows.map((row) => ({ header, row })) : [];
}

export function readDocuments(root: string = projectRoot): Documents {
  const paths = globSync(["*.md", "docs/**/*.md"], { cwd: root }).toSorted();
  return {
    texts: new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")])),
    attackTests: globSync("test/attacks/**/*.test.ts", { cwd: root }).toSorted(),
    readProjectFile(path) {
      const full = join(root, path);
      if (!existsSync(full)) return undefined;
      return path.endsWith(".ts") ? readFileSync(full, "utf8") : "";
    },
  };
}

if (import.meta.main) {
  const faults = findFaults(readDocuments());
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
