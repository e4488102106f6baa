/**
 * A public tree that somebody copied before a break-in, or the one that stands there now, verified from a root on by
 * the client's own rules: signatures, versions and hashes, but not expiry, for a good copy may be old (PEP 458: "the
 * last known good snapshot"). Read bin by bin, so that an index of any size fits. What does not verify is a fault to be
 * listed; nothing of it is believed.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { pageLimits } from "#formats/python/limits.ts";
import { parsePage } from "#formats/python/simple-page.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import {
  binOfPrefix,
  pagePrefix,
  pageTarget,
  publicPagePath,
  publicRolePath,
  publicTimestampPath,
} from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { checkListedFile } from "#core/tuf/listed-file.ts";
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  listedSnapshot,
  listedTargets,
  openView,
  trustRoot,
} from "#core/tuf/trusted-set.ts";
import type { TrustedSet, TrustedView } from "#core/tuf/trusted-set.ts";
import { CopiedRoles, projectOf } from "./copied-roles.ts";
import type { Bins } from "./copied-roles.ts";
import { recoveryLimits } from "./limits.ts";
import { faultOf, isRefusal, readBounded } from "./tree-reader.ts";
import type { TreeFault, TreeReader } from "./tree-reader.ts";

export type ListedPage = {
  readonly project: ProjectName;
  readonly sha256: string;
  readonly size: number;
};

export type ListedRange = {
  readonly pages: ReadonlyMap<ProjectName, ListedPage>;
  /** Parts of the range of which nothing is known: first and last prefix, both included. */
  readonly unknown: readonly { readonly first: number; readonly last: number }[];
  readonly faults: readonly TreeFault[];
};

export type CopiedTree = {
  readonly view: TrustedView;
  /** Of the bytes of the newest root. */
  readonly rootFingerprint: string;
  /** There are 2^n bins. */
  readonly bitLength: number;
  /** What was not believed on the way here. */
  readonly faults: readonly TreeFault[];
  /**
   * Every project whose page a client would find through this tree and whose prefix is between, both included, which must be
   * the ends of bins.
   */
  readRange(first: number, last: number): Promise<ListedRange>;
};

export type OpenTreeOptions = {
  /** Also what an earlier root vouches for: a copy may have been cut short between a new root and what it signs. */
  readonly olderRoots: boolean;
};

/** Nothing has expired at that time. */
const noTime = parseInstant("1970-01-01T00:00:00Z").at;

/** Throws TrustError or FormatError where not even the list of bins verifies. */
export async function openCopiedTree(
  tree: TreeReader,
  anchor: Uint8Array,
  { olderRoots }: OpenTreeOptions,
): Promise<CopiedTree> {
  const faults: TreeFault[] = [];
  const sets = await readRoots(tree, anchor, faults);
  const view = await openNewest(tree, olderRoots ? sets : sets.slice(-1));
  const roles = new CopiedRoles(tree, view);
  const bins = await roles.openBins();
  // Hashed once: a thief may have named very many, and they are looked through for every range.
  const names = await roles.listNamed(faults);
  const named = new Map([...names].map((project) => [project, pagePrefix(project)]));
  return {
    view,
    rootFingerprint: sha256Hex(view.root.bytes),
    bitLength: bins.bitLength,
    faults,
    readRange: (first, last) => readRange(roles, bins, named, first, last),
  };
}

/** A page by what a verified role lists, wherever its bytes come from. Throws TrustError or FormatError. */
export async function readListedPage(
  trees: readonly TreeReader[],
  { project, sha256, size }: ListedPage,
): Promise<Page> {
  const path = publicPagePath(project, sha256);
  const listed = { length: size, hashes: new Map([["sha256", sha256]]) };
  let refusal: unknown;
  for (const tree of trees) {
    try {
      // Whoever had the keys may have listed a page that fits into no memory; no client reads it either.
      const bytes = await readBounded(tree, path, Math.min(size, pageLimits.sizeMax));
      checkListedFile(path, bytes, listed);
      const page = parsePage(bytes);
      if (page.name === project) return page;
      throw new TrustError("page.mismatch", `Cannot use ${path}: it is another project's page`);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** Every root from the anchor on, as far as each verifies under the one before; oldest first. */
async function readRoots(
  tree: TreeReader,
  anchor: Uint8Array,
  faults: TreeFault[],
): Promise<readonly TrustedSet[]> {
  let set = trustRoot(anchor);
  const sets = [set];
  for (let count = 0; count < recoveryLimits.rootsMax; count++) {
    const version = set.root.value.version + 1;
    const path = publicRolePath("root", version);
    if ((await tree.readSize(path)) === undefined) return sets;
    try {
      set = acceptRoot(set, await readBounded(tree, path, clientLimits.rootSizeMax));
    } catch (error) {
      faults.push(faultOf(`root ${version}`, error));
      return sets;
    }
    sets.push(set);
  }
  return sets;
}

/** What the newest root that vouches for anything vouches for. Throws as the newest root of all refuses. */
async function openNewest(tree: TreeReader, sets: readonly TrustedSet[]): Promise<TrustedView> {
  let refusal: unknown;
  for (const set of sets.toReversed()) {
    try {
      return await openTopLevel(tree, set);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

async function openTopLevel(tree: TreeReader, start: TrustedSet): Promise<TrustedView> {
  const { snapshotSizeMax, targetsSizeMax, timestampSizeMax } = clientLimits;
  const timestamp = await readBounded(tree, publicTimestampPath, timestampSizeMax);
  let set = acceptTimestamp({ root: start.root, past: {} }, timestamp, noTime);
  const snapshot = publicRolePath("snapshot", listedSnapshot(set).version);
  set = acceptSnapshot(set, await readBounded(tree, snapshot, snapshotSizeMax), noTime);
  const targets = publicRolePath("targets", listedTargets(set).version);
  set = acceptTargets(set, await readBounded(tree, targets, targetsSizeMax), noTime);
  return openView(set, noTime);
}

async function readRange(
  roles: CopiedRoles,
  bins: Bins,
  named: ReadonlyMap<ProjectName, number>,
  first: number,
  last: number,
): Promise<ListedRange> {
  const pages = new Map<ProjectName, ListedPage>();
  const unknown: { first: number; last: number }[] = [];
  const faults: TreeFault[] = [];
  const { bitLength } = bins;
  const size = 2 ** (32 - bitLength);
  for (let bin = binOfPrefix(first, bitLength); bin <= binOfPrefix(last, bitLength); bin++) {
    const delegation = bins.delegation(bin);
    try {
      const { value } = await roles.load(bins.unclaimed, delegation);
      for (const [path, file] of value.targets) {
        addPage(pages, faults, path, file, (prefix) => binOfPrefix(prefix, bitLength) === bin);
      }
    } catch (error) {
      faults.push(faultOf(delegation.name, error));
      unknown.push({ first: bin * size, last: (bin + 1) * size - 1 });
    }
  }
  for (const [project, prefix] of named) {
    if (prefix < first || prefix > last) continue;
    pages.delete(project);
    try {
      const file = await roles.find(project);
      if (file !== undefined) addPage(pages, faults, pageTarget(project), file, () => true);
    } catch (error) {
      faults.push(faultOf(project, error));
      unknown.push({ first: prefix, last: prefix });
    }
  }
  return { pages, unknown, faults };
}

/** Only what a client would find there, and can check by SHA-256, as everything we publish can be. */
function addPage(
  pages: Map<ProjectName, ListedPage>,
  faults: TreeFault[],
  path: string,
  file: TargetFile,
  isThere: (prefix: number) => boolean,
): void {
  const project = projectOf(path);
  const sha256 = file.hashes.get("sha256");
  if (project !== undefined && sha256 !== undefined && isThere(pagePrefix(project))) {
    pages.set(project, { project, sha256, size: file.length });
    return;
  }
  const reason = `Cannot use ${JSON.stringify(path.slice(0, 80))}: no client would find it there`;
  faults.push({ what: path.slice(0, 80), code: "tuf.delegations", reason });
}

/** For people: which state the copy is. */
export function describeTree({
  rootFingerprint,
  view,
}: CopiedTree): Readonly<
  Record<
    "root" | "rootFingerprint" | "snapshot" | "timestamp" | "timestampExpires",
    number | string
  >
> {
  const { root, snapshot, timestamp } = view;
  return {
    root: root.value.version,
    rootFingerprint: `sha256:${rootFingerprint}`,
    snapshot: snapshot.value.version,
    timestamp: timestamp.value.version,
    timestampExpires: timestamp.value.expires.text,
  };
}
