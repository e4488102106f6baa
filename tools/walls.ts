/**
 * The walls of the layout, read from the import lines, type-only ones included: crypto ← formats ← core ← stores ←
 * apps, and the ones that are the security argument: what the proxy trusts, and what the index cannot reach. Each rule
 * is a line of a table here; walls.test.ts shows that each one catches what it is for.
 */
import { posix } from "node:path";
import { listImports, readSourceTree } from "./source-tree.ts";
import type { Import, SourceTree } from "./source-tree.ts";

type Shelf = {
  readonly folder: string;
  /** Shelves it may import besides itself. */
  readonly below: readonly string[];
  /** Node's modules and packages it may import, or "any". */
  readonly outside: RegExp | "any";
};

const shelves: readonly Shelf[] = [
  { folder: "src/crypto", below: [], outside: /^(node:(crypto|util)|hash-wasm)$/ },
  // The archive readers' streams and zlib are computation; files and sockets are not to be had here.
  {
    folder: "src/formats/archive",
    below: ["src/crypto", "src/formats"],
    outside: /^(node:(zlib|stream|buffer)|yauzl|tar)$/,
  },
  {
    folder: "src/formats",
    below: ["src/crypto"],
    outside: /^(smol-toml|valibot|@renovatebot\/pep440)$/,
  },
  { folder: "src/core", below: ["src/crypto", "src/formats"], outside: /^$/ },
  { folder: "src/stores", below: ["src/crypto", "src/formats", "src/core"], outside: "any" },
  {
    folder: "src/apps",
    below: ["src/crypto", "src/formats", "src/core", "src/stores"],
    outside: "any",
  },
];

type Closure = {
  readonly entry: string;
  /** Files it may not reach, on whatever way. */
  readonly never: RegExp;
  readonly packages: boolean;
  /** Files it may load while it runs, when somebody asks for what they do; never at its start. */
  readonly onRequest: RegExp;
  readonly why: string;
};

const closures: readonly Closure[] = [
  {
    entry: "src/apps/proxy/main.ts",
    never: /^src\/(core\/(accounts|releases)|stores\/sqlite)\//,
    packages: false,
    // The parser of a configuration file, where one is named.
    onRequest: /^src\/formats\/config\/config\.ts$/,
    why: "every line the proxy reaches is part of what its user must trust",
  },
  {
    entry: "src/apps/tuf-client/main.ts",
    never: /^src\/(core\/(accounts|publication|releases)|stores\/sqlite)\//,
    packages: false,
    onRequest: /^$/,
    why: "it is the proxy's client and nothing more, so that whoever judges it judges the proxy",
  },
  {
    entry: "src/apps/index/main.ts",
    never: /^src\/crypto\/signer\.ts$|^src\/(core\/tuf\/editor|apps\/(signer|ceremony))/,
    packages: true,
    onRequest: /^$/,
    why: "the index holds no signing key and has nothing to make signatures with",
  },
  {
    entry: "src/apps/up/main.ts",
    never: /^src\/crypto\/signer\.ts$|^src\/core\/(accounts|releases)\//,
    packages: true,
    onRequest: /^$/,
    why: "the supervisor starts programs; it does not do their work",
  },
];

const bannedNames = /^(index|mod|utils?|helpers?|common|misc|types|shared|manager|service)$/;
const isTest = (path: string): boolean => /\.(test|contract)\.ts$/.test(path);

/** One sentence per violation, in the order of the files. */
export function findViolations(tree: SourceTree): readonly string[] {
  const imports = new Map([...tree].map(([path, text]) => [path, listImports(path, text)]));
  return [
    ...[...tree].flatMap(([path, text]) => checkFile(path, text)),
    ...[...imports].flatMap(([path, list]) => list.flatMap((one) => checkImport(path, one, tree))),
    ...closures.flatMap((closure) => checkClosure(closure, imports)),
    ...findCycles(imports),
  ];
}

function checkFile(path: string, text: string): readonly string[] {
  const found: string[] = [];
  const [name = ""] = posix.basename(path).split(".");
  if (bannedNames.test(name)) found.push(`${path}: "${name}" says nothing about what is inside`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) found.push(`${path}: file names are kebab-case`);
  if (/^export default\b/m.test(text)) found.push(`${path}: no default exports`);
  if (/^export (type )?(\*|\{[^}]*\}) from\b/m.test(text)) found.push(`${path}: no re-exports`);
  if (path.startsWith("src/") && !isTest(path) && /^(export )?(let|var)\b/m.test(text)) {
    found.push(`${path}: no mutable state of a module`);
  }
  return found;
}

function checkImport(path: string, { specifier, file }: Import, tree: SourceTree): string[] {
  const refuse = (why: string): string[] => [`${path}: may not import ${specifier}: ${why}`];
  if (specifier.includes("../")) return refuse("another folder's files are named by #");
  if (file !== undefined && !tree.has(file)) return refuse("there is no such file");
  if (!path.startsWith("src/") || isTest(path)) return [];
  if (specifier === "node:crypto" && !path.startsWith("src/crypto/")) {
    return refuse("only src/crypto touches node:crypto");
  }
  const shelf = shelves.find(({ folder }) => path.startsWith(`${folder}/`));
  if (shelf === undefined) return [`${path}: belongs to no shelf`];
  if (file === undefined) {
    const isAllowed = shelf.outside === "any" || shelf.outside.test(specifier);
    return isAllowed ? [] : refuse(`${shelf.folder} does not know the world outside`);
  }
  if (isTest(file)) return refuse("that is a test");
  if (path.startsWith("src/apps/") && file.startsWith("src/apps/")) {
    return appOf(path) === appOf(file) ? [] : refuse("an app never imports another app");
  }
  const isReachable = [shelf.folder, ...shelf.below].some((folder) =>
    file.startsWith(`${folder}/`),
  );
  return isReachable ? [] : refuse(`it is not below ${shelf.folder}`);
}

function appOf(path: string): string {
  return path.split("/")[2] ?? "";
}

function checkClosure(
  { entry, never, packages, onRequest, why }: Closure,
  imports: ReadonlyMap<string, readonly Import[]>,
): readonly string[] {
  const found: string[] = [];
  const cameFrom = new Map<string, string | undefined>([[entry, undefined]]);
  for (const path of cameFrom.keys()) {
    for (const { specifier, file, packageName, isDynamic } of imports.get(path) ?? []) {
      if (isDynamic && file !== undefined && onRequest.test(file)) continue;
      if (packageName !== undefined && !packages) {
        found.push(`${routeTo(path, cameFrom)} → ${specifier}: ${why}`);
      }
      if (file === undefined || cameFrom.has(file)) continue;
      cameFrom.set(file, path);
      if (never.test(file)) found.push(`${routeTo(file, cameFrom)}: ${why}`);
    }
  }
  return found;
}

function routeTo(path: string, cameFrom: ReadonlyMap<string, string | undefined>): string {
  const before = cameFrom.get(path);
  return before === undefined ? path : `${routeTo(before, cameFrom)} → ${path}`;
}

/** Depth first; every file that leads back onto its own path is a cycle. */
function findCycles(imports: ReadonlyMap<string, readonly Import[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, route: readonly string[]): void => {
    const at = route.indexOf(path);
    if (at !== -1) found.push(`${[...route.slice(at), path].join(" → ")}: a cycle`);
    if (at !== -1 || done.has(path)) return;
    for (const { file } of imports.get(path) ?? []) {
      if (file !== undefined) visit(file, [...route, path]);
    }
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

if (import.meta.main) {
  const violations = findViolations(readSourceTree());
  for (const violation of violations) process.stderr.write(`${violation}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
