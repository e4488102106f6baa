/** A batch of changes up to its signing: what each id stood for before, what is allowed, whether the bytes are there. */
import { sha256Hex } from "#crypto/hash.ts";
import { canonicalChange } from "#formats/door/change-json.ts";
import type { AddFile, Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { invariant } from "#core/errors.ts";
import { decideChanges } from "./decide-changes.ts";
import type { Decisions } from "./decide-changes.ts";
import type { KnownProject, KnownProjects } from "./known-projects.ts";
import { publicationLimits } from "./limits.ts";
import { makePages } from "./page-batch.ts";
import type { PageBatch } from "./page-batch.ts";
import { noWork } from "./sign-batch.ts";
import type { BatchWork } from "./sign-batch.ts";
import type { RecordedChange, SignerStore } from "./signer-store.ts";
import type { Steps } from "./steps.ts";
import type { StoredFiles } from "./stored-files.ts";

export type ChangePorts = {
  readonly store: SignerStore;
  readonly storedFiles: StoredFiles;
  readonly steps: Steps;
};

export type DecidedBatch = {
  /** One for each change; true only once the work is published. */
  readonly results: ReadonlyMap<string, ChangeResult>;
  readonly work: BatchWork;
  /** As they are once the work is committed. */
  readonly projects: readonly KnownProject[];
};

/** `digest` is the change's `changeDigest`. */
export type SubmittedChange = { readonly change: Change; readonly digest: string };

/** Ids are unique within `submitted`. */
export async function decideBatch(
  ports: ChangePorts,
  projects: KnownProjects,
  submitted: readonly SubmittedChange[],
  serialBefore: number,
): Promise<DecidedBatch> {
  const changes = submitted.map(({ change }) => change);
  const recorded = await ports.store.readChanges(changes.map(({ id }) => id));
  const fresh = changes.filter(({ id }) => !recorded.has(id));
  const known = await projects.read(new Set(fresh.map(({ project }) => project)));
  const decisions = await decide(ports, fresh, known);
  await ports.steps.reached("batch.checked");
  const current = new Map([...known].map(([project, { page }]) => [project, page]));
  const pages = makePages(decisions, current, serialBefore);
  const pageOf = newestPages(current, pages);
  const results = new Map<string, ChangeResult>();
  const accepted: BatchWork["changes"][number][] = [];
  for (const { change, digest } of submitted) {
    const { id, project } = change;
    const before = recorded.get(id);
    const decision = decisions.byId.get(id);
    if (before !== undefined) results.set(id, repeatedResult(id, digest, before));
    else if (decision?.outcome === "refused") results.set(id, { id, ...decision });
    else {
      const page = pageOf.get(project);
      invariant(page !== undefined, "an accepted change belongs to a page");
      results.set(id, { id, outcome: "published", page });
      accepted.push({ id, digest, project, serial: page.serial });
    }
  }
  return {
    results,
    projects: knownAfter(decisions, pageOf),
    work: {
      ...noWork,
      pages: pages.records,
      pageFiles: pages.files,
      newProjects: pages.records.filter(({ project }) => !known.has(project)).length,
      bindings: [...decisions.bindings.values()],
      changes: accepted,
    },
  };
}

/** What an id is bound to: a resent change is the same bytes. */
export function changeDigest(change: Change): string {
  return sha256Hex(canonicalChange(change));
}

/** The id stands for another change already. */
export function reusedIdResult(id: string): ChangeResult {
  const message = `Cannot take change ${id}: its id stands for another change`;
  return { id, outcome: "refused", code: "change.id-reused", message };
}

function repeatedResult(id: string, digest: string, before: RecordedChange): ChangeResult {
  if (before.digest !== digest) return reusedIdResult(id);
  return { id, outcome: "published", page: before.page };
}

/**
 * Rules first, so that no bytes are read for what is refused anyway. A file whose bytes are wrong is refused and the
 * rest decided again, for what comes after it may now be allowed.
 */
async function decide(
  { steps, store, storedFiles }: ChangePorts,
  changes: readonly Change[],
  known: ReadonlyMap<ProjectName, KnownProject>,
): Promise<Decisions> {
  const filenames = changes.flatMap((change) =>
    change.kind === "add-file" ? change.filename : [],
  );
  const knowledge = {
    projects: new Map([...known].map(([project, { record }]) => [project, record])),
    bindings: await store.readBindings(filenames),
  };
  const checked = new Set<string>();
  const bad = new Set<string>();
  for (;;) {
    const decisions = decideChanges(changes, knowledge, bad);
    await steps.reached("batch.decided");
    const unchecked = decisions.added.filter(({ id }) => !checked.has(id));
    const badBefore = bad.size;
    for (const { change, isGood } of await checkStored(storedFiles, unchecked)) {
      checked.add(change.id);
      if (!isGood) bad.add(change.id);
    }
    if (bad.size === badBefore) return decisions;
  }
}

async function checkStored(
  files: StoredFiles,
  changes: readonly AddFile[],
): Promise<readonly { readonly change: AddFile; readonly isGood: boolean }[]> {
  const checked: { change: AddFile; isGood: boolean }[] = [];
  const rest = [...changes];
  const work = async (): Promise<void> => {
    for (let change = rest.pop(); change !== undefined; change = rest.pop()) {
      checked.push({ change, isGood: await isStored(files, change) });
    }
  };
  await Promise.all(Array.from({ length: publicationLimits.storedChecksMax }, work));
  return checked;
}

async function isStored(files: StoredFiles, change: AddFile): Promise<boolean> {
  const { coreMetadata, sha256, size } = change;
  const stored = await files.readHash(sha256);
  if (stored?.sha256 !== sha256 || stored.size !== size) return false;
  return coreMetadata === undefined || (await files.readMetadataHash(sha256)) === coreMetadata;
}

function newestPages(
  current: ReadonlyMap<ProjectName, PagePointer>,
  { records }: PageBatch,
): ReadonlyMap<ProjectName, PagePointer> {
  const pages = new Map(current);
  for (const { project, sha256, size, serial } of records) {
    pages.set(project, { project, sha256, size, serial });
  }
  return pages;
}

function knownAfter(
  decisions: Decisions,
  pageOf: ReadonlyMap<ProjectName, PagePointer>,
): readonly KnownProject[] {
  const known: KnownProject[] = [];
  for (const [project, record] of decisions.projects) {
    const page = pageOf.get(project);
    invariant(page !== undefined, "a changed project has a page");
    known.push({ record, page });
  }
  return known;
}
