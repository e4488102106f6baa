/**
 * Every project of a good copy against the signer's own database and against the public tree of now (PEP 458, "In the
 * event of a key compromise", step 3): range of bins by range of bins, so that memory holds one range and one project.
 * Where the copy itself does not verify, nothing is concluded: neither that a project is new nor that it is gone.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { FormatError } from "#formats/format-error.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { TrustError } from "#core/errors.ts";
import { formatProjectPage } from "#core/publication/project-record.ts";
import type { ProjectRecord } from "#core/publication/project-record.ts";
import type { SignerStore } from "#core/publication/signer-store.ts";
import { binOfPrefix, pagePrefix } from "#core/tuf/layout.ts";
import { readListedPage } from "./copied-tree.ts";
import type { CopiedTree, ListedPage, ListedRange } from "./copied-tree.ts";
import type { FileCopies } from "./file-copies.ts";
import { faultOf } from "./tree-reader.ts";
import type { TreeFault, TreeReader } from "./tree-reader.ts";
import { compareProject, contentOfPage, contentOfRecord } from "./project-difference.ts";
import type { ProjectContent, ProjectDifference } from "./project-difference.ts";

export type ComparedPorts = {
  readonly store: Pick<SignerStore, "readBindings" | "readPagesByPrefix" | "readProjectAt">;
  /** The good copy. */
  readonly copy: CopiedTree;
  readonly copyReader: TreeReader;
  /** The public tree of now; undefined where it does not verify at all. */
  readonly published?: CopiedTree | undefined;
  readonly publishedReader: TreeReader;
  /** Given where all files of good pages are to be read: those in the copy, and those in our own store. */
  readonly copyFiles?: FileCopies | undefined;
  readonly ownFiles?: FileCopies | undefined;
};

/** What stands somewhere else than the good copy says. */
export type ComparedProject = {
  readonly kind: "project";
  readonly project: ProjectName;
  /** Against the signer's database. */
  readonly database?: ProjectDifference;
  /** Against what the public tree shows, where that is not what the database says. */
  readonly published?: ProjectDifference;
  /** File names that the database binds to other bytes than the good copy shows, or to none. */
  readonly bindings: readonly string[];
};

export type ComparedFault = TreeFault & {
  readonly kind: "fault";
  readonly where: "copy" | "public";
};

/** A stored file of a good page: `damaged` has other bytes than its name says. */
export type ComparedFile = {
  readonly kind: "file";
  readonly where: "copy" | "store";
  readonly project: ProjectName;
  readonly filename: string;
  readonly sha256: string;
  readonly state: "damaged" | "missing";
};

export type Comparison = ComparedFault | ComparedFile | ComparedProject;

export type ComparedProgress = { readonly done: number; readonly total: number };

/** Waited for, so that whoever asks to end is heard in between. */
export type TellProgress = (progress: ComparedProgress) => Promise<void> | void;

/** One project of the copy beside what the database has of it; also those that agree. */
export type ProjectPair = {
  readonly kind: "pair";
  readonly project: ProjectName;
  /** undefined: the good copy does not have the project. */
  readonly good: { readonly listed: ListedPage; readonly content: ProjectContent } | undefined;
  readonly record: ProjectRecord | undefined;
  readonly is: ProjectContent | undefined;
  readonly bindings: readonly string[];
};

/** Ends when every range was looked at. Throws UnavailableError where store or disk fail. */
export async function* compareTrees(
  ports: ComparedPorts,
  tell: TellProgress = () => undefined,
): AsyncGenerator<Comparison> {
  for (const fault of ports.copy.faults) yield { kind: "fault", where: "copy", ...fault };
  for (const fault of ports.published?.faults ?? []) {
    yield { kind: "fault", where: "public", ...fault };
  }
  for await (const range of pairRanges(ports, tell)) {
    for (const fault of range.faults) yield fault;
    for (const pair of range.pairs.values()) yield* comparePair(ports, await pair(), range.shown);
  }
}

/** The same walk without the public tree, for whoever puts projects back. */
export async function* pairProjects(
  ports: Omit<ComparedPorts, "published">,
  tell: TellProgress = () => undefined,
): AsyncGenerator<ProjectPair | ComparedFault> {
  for await (const range of pairRanges(ports, tell)) {
    for (const pair of range.pairs.values()) yield await pair();
    yield* range.faults;
  }
}

/** Whether that walk says anything certain of the project; only its own range is read. */
export async function isPaired(
  ports: Omit<ComparedPorts, "published">,
  project: ProjectName,
): Promise<boolean> {
  const bitLength = rangeBits(ports);
  const { pairs } = await readPairs(ports, binOfPrefix(pagePrefix(project), bitLength), bitLength);
  return (await pairs.get(project)?.())?.kind === "pair";
}

type PairedRange = {
  readonly pairs: ReadonlyMap<ProjectName, () => Promise<ProjectPair | ComparedFault>>;
  readonly faults: readonly ComparedFault[];
  readonly shown: ListedRange | undefined;
};

async function* pairRanges(ports: ComparedPorts, tell: TellProgress): AsyncGenerator<PairedRange> {
  const bitLength = rangeBits(ports);
  const total = 2 ** bitLength;
  for (let range = 0; range < total; range++) {
    yield await readPairs(ports, range, bitLength);
    await tell({ done: range + 1, total });
  }
}

/** Its ranges' ends are ends of bins in both trees. */
function rangeBits({ copy, published }: ComparedPorts): number {
  return Math.min(copy.bitLength, published?.bitLength ?? copy.bitLength);
}

async function readPairs(
  ports: ComparedPorts,
  range: number,
  bitLength: number,
): Promise<PairedRange> {
  const { copy, published, store } = ports;
  const size = 2 ** (32 - bitLength);
  const first = range * size;
  const last = first + size - 1;
  const good = await copy.readRange(first, last);
  const shown = await published?.readRange(first, last);
  const held = new Map<ProjectName, number>();
  for (const { project, serial } of await store.readPagesByPrefix(first, last)) {
    held.set(project, serial);
  }
  const names = new Set([...good.pages.keys(), ...(shown?.pages.keys() ?? []), ...held.keys()]);
  const known = [...names].filter((project) => !isUnknown(good, project)).toSorted();
  return {
    pairs: new Map(
      known.map((name) => [name, () => pairProject(ports, name, good, held.get(name))] as const),
    ),
    faults: [
      ...good.faults.map((fault) => ({ kind: "fault", where: "copy", ...fault }) as const),
      ...(shown?.faults ?? []).map(
        (fault) => ({ kind: "fault", where: "public", ...fault }) as const,
      ),
    ],
    shown,
  };
}

function isUnknown({ pages, unknown }: ListedRange, project: ProjectName): boolean {
  if (pages.has(project) || unknown.length === 0) return false;
  const prefix = pagePrefix(project);
  return unknown.some(({ first, last }) => prefix >= first && prefix <= last);
}

async function pairProject(
  { copyReader, publishedReader, store }: ComparedPorts,
  project: ProjectName,
  range: ListedRange,
  serial: number | undefined,
): Promise<ProjectPair | ComparedFault> {
  const listed = range.pages.get(project);
  const record = serial === undefined ? undefined : await store.readProjectAt(project, serial);
  let good: ProjectPair["good"];
  try {
    if (listed !== undefined) {
      const content =
        (await contentOfSamePage(record, listed)) ??
        // By its hash, so it does not matter who keeps it: pages are never removed.
        contentOfPage(await readListedPage([copyReader, publishedReader], listed));
      good = { listed, content };
    }
  } catch (error) {
    return { kind: "fault", where: "copy", ...faultOf(project, error) };
  }
  const is = record && contentOrNothing(record);
  const bindings = await wrongBindings(store, good?.content);
  return { kind: "pair", project, good, record, is, bindings };
}

/** What the entries of the database make, where that is the very page. The page's own row is not asked. */
async function contentOfSamePage(
  record: ProjectRecord | undefined,
  { sha256 }: ListedPage,
): Promise<ProjectContent | undefined> {
  if (record === undefined || record.status === "quarantined") return undefined;
  if (sha256Hex(formatProjectPage(record)) !== sha256) return undefined;
  return contentOfRecord(record);
}

/** Entries that no proxy would read are those of a damaged database: as if it had no files. */
function contentOrNothing(record: ProjectRecord): ProjectContent {
  try {
    return contentOfRecord(record);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { status: record.status, files: [] };
  }
}

async function wrongBindings(
  store: Pick<SignerStore, "readBindings">,
  good: ProjectContent | undefined,
): Promise<readonly string[]> {
  const files = good?.files ?? [];
  const bound = await store.readBindings(files.map(({ filename }) => filename));
  return files
    .filter(({ filename, sha256, size }) => {
      const binding = bound.get(filename);
      return binding?.sha256 !== sha256 || binding.size !== size;
    })
    .map(({ filename }) => filename);
}

async function* comparePair(
  ports: ComparedPorts,
  pair: ProjectPair | ComparedFault,
  shown: ListedRange | undefined,
): AsyncGenerator<Comparison> {
  if (pair.kind === "fault") {
    yield pair;
    return;
  }
  const { bindings, good, is, project } = pair;
  const database = compareProject(good?.content, is);
  const published = yield* compareShown(ports, pair, shown);
  if (database !== undefined || published !== undefined || bindings.length > 0) {
    yield {
      kind: "project",
      project,
      ...(database && { database }),
      ...(published && { published }),
      bindings,
    };
  }
  yield* compareStored(ports, pair);
}

/** What the public tree shows of the project, where that is not what the database would have it show. */
async function* compareShown(
  ports: ComparedPorts,
  { good, project, record }: ProjectPair,
  shown: ListedRange | undefined,
): AsyncGenerator<ComparedFault, ProjectDifference | undefined> {
  if (shown === undefined || isUnknown(shown, project)) return undefined;
  const listed = shown.pages.get(project);
  const own = record && sha256Hex(formatProjectPage(record));
  if (listed?.sha256 === own) return undefined;
  if (listed !== undefined && listed.sha256 === good?.listed.sha256) return undefined;
  if (listed === undefined) return compareProject(good?.content, undefined);
  try {
    const page = await readListedPage([ports.publishedReader, ports.copyReader], listed);
    return compareProject(good?.content, contentOfPage(page));
  } catch (error) {
    yield { kind: "fault", where: "public", ...faultOf(project, error) };
    return undefined;
  }
}

async function* compareStored(
  { copyFiles, ownFiles }: ComparedPorts,
  { good, project }: ProjectPair,
): AsyncGenerator<ComparedFile> {
  for (const file of good?.content.files ?? []) {
    for (const [where, files] of [
      ["copy", copyFiles],
      ["store", ownFiles],
    ] as const) {
      const state = await files?.look(project, file);
      if (state === undefined || state === "whole") continue;
      const { filename, sha256 } = file;
      yield { kind: "file", where, project, filename, sha256, state };
    }
  }
}

/** For whoever opens a tree that may not verify: undefined and the fault. */
export async function openIfVerified(
  open: () => Promise<CopiedTree>,
): Promise<{ readonly tree?: CopiedTree; readonly fault?: TreeFault }> {
  try {
    return { tree: await open() };
  } catch (error) {
    if (error instanceof TrustError || error instanceof FormatError) {
      return { fault: faultOf("the public tree", error) };
    }
    throw error;
  }
}
