/**
 * An index with claimed projects, made of the repository's own editor: its signer does not publish claims yet. It has
 * one claimed project ("precious"), one that was recently claimed ("recent"), and one that nobody claims ("victim").
 * As design 5 has it, snapshot lists project roles by version alone, as bins.
 */
import assert from "node:assert/strict";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import type { CurrentOfflineMetadata, OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage } from "#formats/python/simple-page.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { MetaFile } from "#formats/tuf/metadata.ts";
import { metaLines } from "#formats/tuf/snapshot.ts";
import { binName, binNames } from "#formats/tuf/succinct-roles.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import {
  generateRepositoryKeys,
  initRepository,
  publicOnlineKeys,
} from "#core/publication/first-repository.ts";
import { lifetimeMs } from "#core/publication/role-life.ts";
import { claimsContent } from "#core/tuf/claimed-roles.ts";
import type { Claim } from "#core/tuf/claimed-roles.ts";
import type { RoleFile, Signing, TufSigner } from "#core/tuf/editor.ts";
import {
  isBinName,
  offlineRoleNames,
  pageTarget,
  projectRoleName,
  publicPagePath,
  publicRolePath,
  publicTimestampPath,
  releaseRoleName,
} from "#core/tuf/layout.ts";
import type { OfflineRoleName } from "#core/tuf/layout.ts";
import {
  binRoles,
  signBin,
  signSnapshot,
  signTimestamp,
  signUnclaimed,
} from "#core/tuf/online-roles.ts";
import { projectContent } from "#core/tuf/project-roles.ts";
import type { ListedPage, ProjectStatement } from "#core/tuf/project-roles.ts";
import { signTargetsRole } from "#core/tuf/targets-content.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { DAY, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { notFound } from "#world/sim-index.ts";
import type { Answer } from "#world/sim-network.ts";
import { anchorOf, createInstallers } from "./installers.ts";
import type { Anchor, Around, Installers } from "./installers.ts";
import { newKey } from "./recovery.ts";
import type { KeyName, NewKeys, Operated } from "./recovery.ts";
import { Thief } from "./thief.ts";

export type ClaimingRole = "claimed" | "recently-claimed";

export type SimClaim = {
  /** How many owners' keys there are, and how many must sign. */
  readonly owners?: number;
  readonly threshold?: number;
  /** The owners hand the page on to a release key. */
  readonly release?: boolean;
};

const bitLength = 1;
const onlineRoles = ["deny", "recently-claimed", "unclaimed", "bin-0", "bin-1"];

export class ClaimingIndex implements Around, Operated {
  readonly clock: SimClock = createSimClock("2026-11-21T08:00:00Z");
  readonly random: SeededRandom = createSeededRandom(480);
  readonly lifetimes: Lifetimes;
  /** What everybody can fetch, by path below the origin; stored files too. */
  readonly tree: Map<string, Uint8Array> = new Map();
  readonly #roles = new Map<string, RoleFile>();
  /** By role, those of projects included; all bins share one. */
  readonly #keys = new Map<string, readonly TufSigner[]>();
  readonly #claims: Readonly<Record<ClaimingRole, Map<ProjectName, Claim>>> = {
    claimed: new Map(),
    "recently-claimed": new Map(),
  };
  readonly #pages = new Map<ProjectName, ListedPage>();
  /** What new clients are shipped with. */
  anchor: Anchor = { version: 0, bytes: new Uint8Array() };

  private constructor(lifetimes: Partial<Lifetimes>) {
    this.lifetimes = { ...parseConfig("").signer.lifetimes, ...lifetimes };
  }

  /** `precious` is how that project is claimed. */
  static async open(
    precious: SimClaim = {},
    lifetimes: Partial<Lifetimes> = {},
  ): Promise<ClaimingIndex> {
    const index = new ClaimingIndex(lifetimes);
    const { offline, online } = generateRepositoryKeys(index.random.bytes);
    for (const [name, signer] of Object.entries({ ...offline, ...online })) {
      index.#keys.set(name, [signer].flat());
    }
    const keys = { rootThreshold: 1, offline, online: publicOnlineKeys(online) };
    const first = await initRepository(keys, index.lifetimes, index.clock.now());
    await index.adopts(first);
    index.anchor = anchorOf(first.root);
    await index.publishes("victim", "1.0");
    await index.claims("claimed", "precious", precious);
    await index.publishes("precious", "1.0");
    await index.claims("recently-claimed", "recent");
    await index.publishes("recent", "1.0");
    return index;
  }

  async installers(): Promise<Installers> {
    return await createInstallers(this, ["victim", "precious", "recent"]);
  }

  robbedOf(...names: readonly string[]): Thief {
    return new Thief(this.tree, new Map(names.map((name) => [name, this.#signersOf(name)])));
  }

  /** Some of a role's keys. */
  robbedInPart(name: string, count: number, ...others: readonly string[]): Thief {
    const loot = new Map(others.map((other) => [other, this.#signersOf(other)]));
    return new Thief(this.tree, loot.set(name, this.#signersOf(name).slice(0, count)));
  }

  /** A new version of the project, and a page that offers nothing else. */
  async publishes(name: string, version: string): Promise<void> {
    const project = normaliseProjectName(name);
    const filename = `${project}-${version}.tar.gz`;
    const content = formatUtf8(`${filename} `);
    const sha256 = sha256Hex(content);
    this.tree.set(`files/${project}/${sha256}/${filename}`, content);
    const file = {
      filename,
      url: fileUrl(project, sha256, filename),
      sha256,
      size: content.byteLength,
      uploadTime: "2026-11-21T08:00:00.000000Z",
      yanked: false,
      version,
    };
    const page = formatPage({
      name: project,
      status: "active",
      versions: [version],
      files: [file],
    });
    const listed = { sha256: sha256Hex(page), size: page.byteLength };
    this.#pages.set(project, listed);
    this.tree.set(publicPagePath(project, listed.sha256), page);
    await this.#publish(this.#speakerOf(project));
  }

  /** With new owners' keys, and a new release key where there is one. */
  async claims(role: ClaimingRole, name: string, claim: SimClaim = {}): Promise<void> {
    const { owners = 1, release = false, threshold = 1 } = claim;
    const project = normaliseProjectName(name);
    const keys = Array.from({ length: owners }, () => newKey(this));
    this.#keys.set(projectRoleName(project), keys);
    const publicKeys = keys.map(({ publicKey }) => publicKey);
    this.#claims[role].set(project, { project, owners: { keys: publicKeys, threshold } });
    if (release) this.#keys.set(releaseRoleName(project), [newKey(this)]);
    const released = release ? [releaseRoleName(project)] : [];
    await this.#publish(...released, projectRoleName(project), role);
  }

  /** The owners name another release key; nobody is asked. */
  async replacesRelease(name: string): Promise<void> {
    const project = normaliseProjectName(name);
    this.#keys.set(releaseRoleName(project), [newKey(this)]);
    await this.#publish(releaseRoleName(project), projectRoleName(project));
  }

  /** Time passes, and the online roles are renewed. */
  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.#publish(...onlineRoles);
  }

  binOf(name: string): string {
    return binName(this.#bins(), pageTarget(normaliseProjectName(name)));
  }

  readonly keysOf = (name: KeyName): readonly TufSigner[] => this.#signersOf(name);

  readonly currentOffline = async (): Promise<CurrentOfflineMetadata> => {
    const file = (role: OfflineRoleName): RoleFile => {
      const held = this.#roles.get(role);
      assert.ok(held, role);
      return held;
    };
    const [root, targets, claimed] = [file("root"), file("targets"), file("claimed")];
    return {
      metadata: { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes },
      nextVersions: {
        root: root.version + 1,
        targets: targets.version + 1,
        claimed: claimed.version + 1,
      },
    };
  };

  readonly adopts = async (offline: OfflineMetadata, keys: NewKeys = new Map()): Promise<void> => {
    for (const [name, signers] of keys) this.#keys.set(name, signers);
    for (const role of offlineRoleNames) {
      const bytes = offline[role];
      if (bytes !== undefined) this.#keep(roleFileOf(role, bytes, this.clock.now()));
    }
    await this.#publish(...onlineRoles);
  };

  async shipsNewestRoot(): Promise<void> {
    this.anchor = anchorOf((await this.currentOffline()).metadata.root);
  }

  readonly answer: Answer = async ({ url }) => {
    const body = this.tree.get(decodeURIComponent(url.pathname).slice(1));
    return body === undefined ? notFound : { status: 200, body };
  };

  /** The next file of each of these roles, then snapshot, then timestamp. */
  async #publish(...roles: readonly string[]): Promise<void> {
    for (const role of roles) this.#keep(await this.#sign(role));
    const snapshot = await signSnapshot(metaLines(this.#meta()), this.#signing("snapshot"));
    this.#keep(snapshot);
    const { bytes, sha256, version } = snapshot;
    const listed = { version, length: bytes.byteLength, sha256 };
    const timestamp = await signTimestamp(listed, this.#signing("timestamp"));
    this.#keep(timestamp);
    this.tree.set(publicTimestampPath, timestamp.bytes);
  }

  async #sign(role: string): Promise<RoleFile> {
    const signing = this.#signing(role);
    if (role === "unclaimed") {
      const [bins] = this.#signersOf("bins");
      assert.ok(bins);
      return await signUnclaimed(signing, { key: bins.key, bitLength });
    }
    if (isBinName(role)) {
      const unclaimed = [...this.#pages].filter(([project]) => this.#speakerOf(project) === role);
      const pages = unclaimed.map(([project, page]) => ({ project, serial: 1, ...page }));
      return (await signBin(role, pages, signing)).file;
    }
    const project = [...this.#pages.keys(), ...this.#claimed()].find(
      (one) => role === projectRoleName(one) || role === releaseRoleName(one),
    );
    if (project !== undefined) {
      const content = projectContent(project, this.#statement(role, project));
      return await signTargetsRole(role, content, signing);
    }
    const claims =
      role === "claimed" || role === "recently-claimed" ? this.#claims[role] : undefined;
    return await signTargetsRole(role, claimsContent(role, [...(claims?.values() ?? [])]), signing);
  }

  #statement(role: string, project: ProjectName): ProjectStatement {
    const release = this.#keys.get(releaseRoleName(project));
    if (release !== undefined && role === projectRoleName(project)) {
      const keys = release.map(({ publicKey }) => publicKey);
      return { kind: "release", release: { keys, threshold: 1 } };
    }
    const page = this.#pages.get(project);
    return page === undefined ? { kind: "nothing" } : { kind: "page", page };
  }

  /** The role that lists the project's page. */
  #speakerOf(project: ProjectName): string {
    if (!this.#claimed().includes(project)) return this.binOf(project);
    const release = releaseRoleName(project);
    return this.#keys.has(release) ? release : projectRoleName(project);
  }

  #claimed(): readonly ProjectName[] {
    return [...this.#claims.claimed.keys(), ...this.#claims["recently-claimed"].keys()];
  }

  #signing(role: string): Signing {
    const isProject = role.startsWith("project-");
    return {
      version: (this.#roles.get(role)?.version ?? 0) + 1,
      now: this.clock.now(),
      lifetimeMs: isProject ? 3_650 * DAY : lifetimeMs(role, this.lifetimes),
      signers: this.#signersOf(isBinName(role) ? "bins" : role),
    };
  }

  #meta(): ReadonlyMap<string, MetaFile> {
    const meta = new Map<string, MetaFile>();
    for (const { bytes, role, sha256, version } of this.#roles.values()) {
      if (role === "root" || role === "snapshot" || role === "timestamp") continue;
      const isMany = isBinName(role) || role.startsWith("project-");
      const hashes = new Map([["sha256", sha256]]);
      meta.set(role, isMany ? { version } : { version, length: bytes.byteLength, hashes });
    }
    return meta;
  }

  #keep(file: RoleFile): void {
    this.#roles.set(file.role, file);
    this.tree.set(publicRolePath(file.role, file.version), file.bytes);
  }

  #signersOf(name: string): readonly TufSigner[] {
    const signers = this.#keys.get(name);
    assert.ok(signers, `there are keys of ${name}`);
    return signers;
  }

  #bins(): ReturnType<typeof binRoles> {
    const [signer] = this.#signersOf("bins");
    assert.ok(signer);
    const roles = binRoles(signer.key, bitLength);
    assert.deepEqual([...binNames(roles)], ["bin-0", "bin-1"]);
    return roles;
  }
}

function roleFileOf(role: OfflineRoleName, bytes: Uint8Array, signedAt: Date): RoleFile {
  const { expires, version } =
    role === "root"
      ? parseSigned(bytes, rootDecoder, role).value
      : parseSigned(bytes, targetsDecoder, role).value;
  return { role, version, bytes, sha256: sha256Hex(bytes), signedAt, expires };
}
