/**
 * A TUF repository in memory that does what it is told, right or wrong: tests set its roles and signers, publish, and
 * answer requests with the result or with anything else. It uses the format layer but none of the code under test that
 * decides what is trusted, and not the real editor either, but for claims: whom those delegate to is the editor's word,
 * until a test bends it.
 */
import { sha256, sha256Hex } from "#crypto/hash.ts";
import { ed25519SignerFromSeed } from "#crypto/signer.ts";
import type { Signer } from "#crypto/signer.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { MetaFile, Metadata, RoleType } from "#formats/tuf/metadata.ts";
import { roleFileName } from "#formats/tuf/role-file.ts";
import { rootToJson } from "#formats/tuf/root.ts";
import { snapshotToJson } from "#formats/tuf/snapshot.ts";
import { targetsToJson } from "#formats/tuf/targets.ts";
import type { DelegatedRole, Delegations, TargetFile } from "#formats/tuf/targets.ts";
import { binNames } from "#formats/tuf/succinct-roles.ts";
import { timestampToJson } from "#formats/tuf/timestamp.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { hashedTargetPath } from "#formats/tuf/target-path.ts";
import { UnavailableError } from "#core/errors.ts";
import type { Fetch, FetchResponse } from "#core/ports.ts";
import { claimedRoles, claimsContent } from "#core/tuf/claimed-roles.ts";
import type { Claim, ClaimedSplit } from "#core/tuf/claimed-roles.ts";
import {
  delegatedRoleNames,
  pageTarget,
  projectRoleName,
  releaseRoleName,
} from "#core/tuf/layout.ts";
import { delegatedPath } from "#core/tuf/offline-roles.ts";
import { projectContent } from "#core/tuf/project-roles.ts";

/** Fixed people: the same name always has the same key. */
export function actor(name: string): Signer {
  return ed25519SignerFromSeed(sha256(formatUtf8(`actor ${name}`)));
}

export function keyIdOf(signer: Signer): string {
  return tufKeyOf(signer.publicKey).keyId;
}

export type SimDelegation = {
  readonly name: string;
  readonly signers?: readonly Signer[];
  readonly threshold?: number;
  readonly terminating?: boolean;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
};

export type SimClaim = {
  /** As people write it. */
  readonly project: string;
  /** One actor named as the project's role when left out. */
  readonly owners?: readonly Signer[];
  readonly threshold?: number;
  /** The owners hand the page on to a release role with these keys, one of which signs. */
  readonly release?: readonly Signer[];
};

export type ClaimingRole = "claimed" | "recently-claimed";

type Draft = { version: number; expires: string };
type TargetsDraft = Draft & {
  readonly targets: Map<string, TargetFile>;
  readonly keys: Map<string, TufKey>;
  readonly roles: DelegatedRole[];
  succinct?: { readonly namePrefix: string; readonly bitLength: number };
};

const farAway = "2030-01-01T00:00:00Z";

export class SimTufRepository {
  readonly root: Draft & { consistentSnapshot: boolean; floor?: ReadonlyMap<string, number> } = {
    version: 0,
    expires: farAway,
    consistentSnapshot: true,
  };
  readonly keys: Record<RoleType, { signers: readonly Signer[]; threshold: number }>;
  readonly timestamp: Draft = { version: 0, expires: farAway };
  readonly snapshot: Draft & { readonly meta: Map<string, MetaFile> } = {
    version: 0,
    expires: farAway,
    meta: new Map(),
  };
  readonly targets: Map<string, TargetsDraft> = new Map([["targets", newTargets()]]);
  /** Who really signs a role, where it is not who should. */
  readonly signers: Map<string, readonly Signer[]> = new Map();
  /** Who should sign a delegated role, over all its delegators. */
  readonly delegates: Map<string, readonly Signer[]> = new Map();
  /** Changes the signed part before it is signed. */
  readonly bends: Map<string, (tree: JsonObject) => Json> = new Map();
  /** Whether timestamp and snapshot list lengths and hashes. */
  listsHashes = false;
  /** Published, by file name. */
  readonly files: Map<string, Uint8Array> = new Map();
  /** Contents of targets, by path below the targets address. */
  readonly targetFiles: Map<string, Uint8Array> = new Map();
  readonly #claims: Record<ClaimingRole, Map<ProjectName, Claim>> = {
    claimed: new Map(),
    "recently-claimed": new Map(),
  };
  #claimedSplit: ClaimedSplit = 0;
  /** What is answered instead of a file. */
  readonly answers: Map<string, FetchResponse | Error> = new Map();
  /** File names, in the order in which they were asked for. */
  readonly requests: string[] = [];

  /** Begins the names of its actors: repositories of different owners share no key. */
  readonly #owner: string;

  constructor(owner = "") {
    this.#owner = owner;
    const one = (role: RoleType) => ({ signers: [actor(owner + role)], threshold: 1 });
    this.keys = {
      root: one("root"),
      timestamp: one("timestamp"),
      snapshot: one("snapshot"),
      targets: one("targets"),
    };
  }

  /** Raises the version of each role in turn, signs it and lays it out. */
  async publish(...roles: readonly string[]): Promise<void> {
    for (const role of roles) {
      this.draft(role).version++;
      await this.write(role);
    }
  }

  async publishAll(): Promise<void> {
    const delegated = [...this.targets.keys()].filter((role) => role !== "targets");
    await this.publish("root", ...delegated, "targets", "snapshot", "timestamp");
  }

  /** Signs a role at the version it has, and lays it out. */
  async write(role: string): Promise<Uint8Array> {
    const bytes = await this.sign(role);
    const { version } = this.draft(role);
    this.files.set(roleFileName(role, this.#versionInName(role, version)), bytes);
    if (this.targets.has(role)) this.snapshot.meta.set(role, this.#metaFile(version, bytes));
    return bytes;
  }

  /** A role's file as it would be published now. */
  async sign(role: string): Promise<Uint8Array> {
    const tree = this.#tree(role);
    return await signTree(this.bends.get(role)?.(tree) ?? tree, this.#signersOf(role));
  }

  delegate(delegator: string, delegation: SimDelegation): void {
    const { name, terminating = false, threshold = 1 } = delegation;
    const { signers = [actor(this.#owner + name)], paths = ["*"], pathHashPrefixes } = delegation;
    const draft = this.#targetsDraft(delegator);
    for (const signer of signers) draft.keys.set(keyIdOf(signer), tufKeyOf(signer.publicKey));
    const role = { name, keyIds: signers.map(keyIdOf), threshold, terminating };
    draft.roles.push(pathHashPrefixes ? { ...role, pathHashPrefixes } : { ...role, paths });
    this.#addRole(name, signers);
  }

  /** Succinct bins, signed by one key named as their prefix. */
  delegateBins(delegator: string, namePrefix: string, bitLength: number, names: string[]): void {
    const draft = this.#targetsDraft(delegator);
    const signer = actor(this.#owner + namePrefix);
    draft.keys.set(keyIdOf(signer), tufKeyOf(signer.publicKey));
    draft.succinct = { namePrefix, bitLength };
    for (const name of names) this.#addRole(name, [signer]);
  }

  addTarget(role: string, path: string, content: string): void {
    const bytes = formatUtf8(content);
    const hash = sha256Hex(bytes);
    const hashes = new Map([["sha256", hash]]);
    this.#targetsDraft(role).targets.set(path, { length: bytes.byteLength, hashes });
    this.targetFiles.set(hashedTargetPath(path, hash), bytes);
  }

  /** The delegations of design 5, each role with the actor of its name: of `targets`, and 2^bitLength bins, all empty. */
  delegateLayout(bitLength: number): void {
    for (const name of delegatedRoleNames) {
      this.delegate("targets", { name, paths: [delegatedPath(name)] });
    }
    this.delegateBins("unclaimed", "bin", bitLength, [...simBinNames(bitLength)]);
  }

  /** Changes drafts only: the claims, and their projects' roles, which list nothing yet. Claims anew what was claimed. */
  claim(role: ClaimingRole, ...claims: readonly SimClaim[]): void {
    for (const { owners, project: written, release, threshold = 1 } of claims) {
      const project = normaliseProjectName(written);
      const name = projectRoleName(project);
      const signers = owners ?? [actor(name)];
      const keys = signers.map(({ publicKey }) => publicKey);
      this.#claims[role].set(project, { project, owners: { keys, threshold } });
      this.#setRole(name, signers);
      if (release !== undefined) this.delegateRelease(written, release);
    }
    this.#layClaims(role);
  }

  /** The delegation goes; the project's role stays, and stays listed. */
  unclaim(role: ClaimingRole, project: string): void {
    this.#claims[role].delete(normaliseProjectName(project));
    this.#layClaims(role);
  }

  /** The owners' next file hands the page on to these keys, instead of whom it named before. */
  delegateRelease(written: string, signers: readonly Signer[]): void {
    const project = normaliseProjectName(written);
    const release = { keys: signers.map(({ publicKey }) => publicKey), threshold: 1 };
    const content = projectContent(project, { kind: "release", release });
    this.#setRole(releaseRoleName(project), signers);
    this.#setDelegations(projectRoleName(project), content.delegations);
  }

  /** How many hex digits `claimed` is split by. */
  splitClaimed(split: ClaimedSplit): void {
    this.#claimedSplit = split;
    this.#layClaims("claimed");
  }

  /** The project's page, in the role that a test says. */
  addPage(role: string, project: string, content: string): void {
    this.addTarget(role, pageTarget(normaliseProjectName(project)), content);
  }

  readonly fetch: Fetch = async ({ url }, { sizeMax }) => {
    const file = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
    this.requests.push(file);
    const answer = this.answers.get(file);
    if (answer instanceof Error) throw answer;
    const body = this.files.get(file);
    const found =
      body === undefined ? { status: 404, headers: {}, body: new Uint8Array() } : undefined;
    const response = answer ??
      found ?? { status: 200, headers: {}, body: body ?? new Uint8Array() };
    if (response.body.byteLength > sizeMax) {
      throw new UnavailableError(
        "network.size",
        `Cannot fetch ${file}: more than ${sizeMax} bytes`,
      );
    }
    return response;
  };

  #layClaims(role: ClaimingRole): void {
    const claims = [...this.#claims[role].values()];
    if (role === "recently-claimed") {
      this.#setDelegations(role, claimsContent(role, claims).delegations);
      return;
    }
    const signers = this.delegates.get("claimed") ?? [];
    const keys = new Map(signers.map((signer) => [keyIdOf(signer), tufKeyOf(signer.publicKey)]));
    const { keyIds, threshold } = this.#delegationOf("claimed");
    const roles = claimedRoles(claims, this.#claimedSplit, { keyIds, keys, threshold });
    for (const [name, { delegations }] of roles) {
      if (name !== "claimed") this.#setRole(name, signers);
      this.#setDelegations(name, delegations);
    }
  }

  #delegationOf(name: string): DelegatedRole {
    const found = this.#targetsDraft("targets").roles.find((role) => role.name === name);
    if (found === undefined) throw new Error(`Cannot find the delegation of ${name}`);
    return found;
  }

  #setRole(name: string, signers: readonly Signer[]): void {
    this.delegates.delete(name);
    this.#addRole(name, signers);
  }

  #setDelegations(name: string, delegations: Delegations | undefined): void {
    const draft = this.#targetsDraft(name);
    draft.keys.clear();
    for (const [keyId, key] of delegations?.keys ?? []) draft.keys.set(keyId, key);
    draft.roles.splice(0, draft.roles.length, ...(delegations?.roles ?? []));
  }

  #addRole(name: string, signers: readonly Signer[]): void {
    this.delegates.set(name, [...(this.delegates.get(name) ?? []), ...signers]);
    if (!this.targets.has(name)) this.targets.set(name, newTargets());
  }

  #signersOf(role: string): readonly Signer[] {
    return (
      this.signers.get(role) ??
      (isTopLevel(role) ? this.keys[role].signers : (this.delegates.get(role) ?? []))
    );
  }

  /** What is published next for a role; the expiry may be set. */
  draft(role: string): Draft {
    if (role === "root" || role === "timestamp" || role === "snapshot") return this[role];
    return this.#targetsDraft(role);
  }

  #targetsDraft(role: string): TargetsDraft {
    const draft = this.targets.get(role);
    if (draft === undefined) throw new Error(`Cannot find the role ${role}`);
    return draft;
  }

  #tree(role: string): JsonObject {
    switch (role) {
      case "root":
        return this.#rootTree();
      case "timestamp": {
        const { version } = this.snapshot;
        const file = this.files.get(
          roleFileName("snapshot", this.#versionInName("snapshot", version)),
        );
        const snapshot = this.#metaFile(version, file ?? new Uint8Array());
        return timestampToJson({ ...metadataOf(this.timestamp), snapshot });
      }
      case "snapshot":
        return snapshotToJson({ ...metadataOf(this.snapshot), meta: this.snapshot.meta });
      default:
        return targetsTree(this.#targetsDraft(role));
    }
  }

  #rootTree(): JsonObject {
    const keys = new Map<string, TufKey>();
    const role = (name: RoleType): { keyIds: readonly string[]; threshold: number } => {
      const { signers, threshold } = this.keys[name];
      for (const signer of signers) keys.set(keyIdOf(signer), tufKeyOf(signer.publicKey));
      return { keyIds: [...new Set(signers.map(keyIdOf))], threshold };
    };
    const roles = {
      root: role("root"),
      snapshot: role("snapshot"),
      targets: role("targets"),
      timestamp: role("timestamp"),
    };
    const { consistentSnapshot, floor } = this.root;
    const root = { ...metadataOf(this.root), consistentSnapshot, keys, roles };
    return rootToJson(floor === undefined ? root : { ...root, floor });
  }

  #metaFile(version: number, bytes: Uint8Array): MetaFile {
    if (!this.listsHashes) return { version };
    return { version, length: bytes.byteLength, hashes: new Map([["sha256", sha256Hex(bytes)]]) };
  }

  #versionInName(role: string, version: number): number | undefined {
    if (role === "root") return version;
    return role === "timestamp" || !this.root.consistentSnapshot ? undefined : version;
  }
}

/** An envelope around any tree. Each signer signs once; nobody may sign at all. */
export async function signTree(tree: Json, signers: readonly Signer[]): Promise<Uint8Array> {
  const canonical = canonicalJson(tree);
  const signatures = new Map<string, Uint8Array>();
  for (const signer of signers) signatures.set(keyIdOf(signer), await signer.sign(canonical));
  return formatEnvelope(tree, signatures);
}

function simBinNames(bitLength: number): Generator<string> {
  return binNames({ namePrefix: "bin", bitLength, keyIds: [], threshold: 1 });
}

function newTargets(): TargetsDraft {
  return { version: 0, expires: farAway, targets: new Map(), keys: new Map(), roles: [] };
}

function isTopLevel(role: string): role is RoleType {
  return role === "root" || role === "timestamp" || role === "snapshot" || role === "targets";
}

function metadataOf(draft: Draft): Metadata {
  return { specVersion: "1.0.31", version: draft.version, expires: parseInstant(draft.expires) };
}

function targetsTree(draft: TargetsDraft): JsonObject {
  const { keys, roles, succinct, targets } = draft;
  const value = { ...metadataOf(draft), targets };
  if (succinct !== undefined) {
    const delegations: Delegations = {
      keys,
      succinct: { ...succinct, keyIds: [...keys.keys()], threshold: 1 },
    };
    return targetsToJson({ ...value, delegations });
  }
  return targetsToJson(roles.length === 0 ? value : { ...value, delegations: { keys, roles } });
}
