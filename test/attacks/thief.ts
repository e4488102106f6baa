/**
 * A thief: what keys he took, what he publishes, whom he reaches. He works from a copy of the public tree and signs
 * with what he holds, expiring when he likes; where he lacks a role's key he signs with his own, and clients say so.
 * He stands where a mirror stands: clients that he reaches see his copy, and no root that he does not show them.
 */
import assert from "node:assert/strict";
import { sha256Hex } from "#crypto/hash.ts";
import { ed25519SignerFromSeed } from "#crypto/signer.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage } from "#formats/python/simple-page.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { snapshot as snapshotDecoder, snapshotToJson } from "#formats/tuf/snapshot.ts";
import type { Snapshot } from "#formats/tuf/snapshot.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import type { TargetFile, Targets } from "#formats/tuf/targets.ts";
import { timestamp as timestampDecoder, timestampToJson } from "#formats/tuf/timestamp.ts";
import type { Timestamp } from "#formats/tuf/timestamp.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import {
  isBinName,
  pageTarget,
  publicPagePath,
  publicRolePath,
  publicTimestampPath,
} from "#core/tuf/layout.ts";
import { notFound, simOrigin } from "#world/sim-index.ts";
import { signTree } from "#world/tuf-repository.ts";
import type { Installer } from "./installers.ts";

/** The thief's own key, which nobody delegates to unless he does. */
export const mallory: TufSigner = tufSigner(ed25519SignerFromSeed(new Uint8Array(32).fill(6)));

/** By the name of the role they sign; all bins share one. */
export type Loot = ReadonlyMap<string, readonly TufSigner[]>;

export type Edit<T> = (held: T) => T;

const never = parseInstant("2100-01-01T00:00:00Z");

export class Thief {
  readonly #tree: ReadonlyMap<string, Uint8Array>;
  readonly #loot: Loot;
  /** By path below the origin. */
  readonly #shown: Map<string, Uint8Array>;

  constructor(tree: ReadonlyMap<string, Uint8Array>, loot: Loot) {
    this.#tree = tree;
    this.#loot = loot;
    this.#shown = new Map(tree);
  }

  /** Shows the index as it is now, his own files forgotten. */
  copiesAgain(): void {
    this.#shown.clear();
    for (const [path, bytes] of this.#tree) this.#shown.set(path, bytes);
  }

  /** From now on these see what he shows. */
  reaches(...installers: readonly Installer[]): void {
    for (const { network } of installers) {
      network.interpose(async (request, honest) => {
        const path = decodeURIComponent(request.url.pathname).slice(1);
        const body = this.#shown.get(path);
        if (body !== undefined) return { status: 200, body };
        return path.startsWith("tuf/") ? notFound : await honest(request);
      });
    }
  }

  /** From now on these see the index itself. */
  leaves(...installers: readonly Installer[]): void {
    for (const { network } of installers) network.interpose(undefined);
  }

  /** The next timestamp and nothing else: what there is goes on living. */
  async signsTimestamp(edit: Edit<Timestamp> = same): Promise<void> {
    const held = this.#timestamp();
    const next = { ...held, version: held.version + 1, expires: never };
    this.#show(publicTimestampPath, await this.#sign("timestamp", timestampToJson(edit(next))));
  }

  /** The next snapshot, and a timestamp that names it. */
  async signsSnapshot(edit: Edit<Snapshot> = same): Promise<void> {
    const held = this.#snapshot();
    const next = edit({ ...held, version: held.version + 1, expires: never });
    const bytes = await this.#sign("snapshot", snapshotToJson(next));
    this.#show(publicRolePath("snapshot", next.version), bytes);
    const hashes = new Map([["sha256", sha256Hex(bytes)]]);
    const snapshot = { version: next.version, length: bytes.byteLength, hashes };
    await this.signsTimestamp((timestamp) => ({ ...timestamp, snapshot }));
  }

  /** Another snapshot in the place of the one that is named. */
  async swapsSnapshot(edit: Edit<Snapshot>): Promise<void> {
    const next = edit({ ...this.#snapshot(), expires: never });
    const bytes = await this.#sign("snapshot", snapshotToJson(next));
    this.#show(publicRolePath("snapshot", next.version), bytes);
  }

  /** The next file of these roles, a snapshot that lists them, a timestamp that names it. */
  async signsRoles(edits: Readonly<Record<string, Edit<Targets>>>): Promise<void> {
    const { meta } = this.#snapshot();
    const listed = new Map(meta);
    for (const [role, edit] of Object.entries(edits)) {
      const version = (meta.get(role)?.version ?? 0) + 1;
      const bytes = await this.#signTargets(role, edit({ ...this.#role(role), version }));
      this.#show(publicRolePath(role, version), bytes);
      listed.set(role, { version });
    }
    await this.signsSnapshot((snapshot) => ({ ...snapshot, meta: listed }));
  }

  /** All that he can sign, anew: alive until he is stopped, with `edits` in it. */
  async signsAll(edits: Readonly<Record<string, Edit<Targets>>> = {}): Promise<void> {
    if (this.#loot.has("snapshot")) {
      const roles = Array.from(this.#snapshot().meta, ([role]) => role).filter((role) =>
        this.#holds(role),
      );
      const all = roles.map((role): [string, Edit<Targets>] => [role, edits[role] ?? same]);
      await this.signsRoles(Object.fromEntries(all));
    } else if (this.#loot.has("timestamp")) {
      await this.signsTimestamp();
    }
  }

  /**
   * Another file in the place of the one that snapshot lists, in version and length the same: all that is left to who
   * holds neither timestamp nor snapshot.
   */
  async swapsRole(role: string, edit: Edit<Targets>): Promise<void> {
    const listed = this.#snapshot().meta.get(role);
    assert.ok(listed, `snapshot lists ${role}`);
    const edited = edit(this.#role(role));
    const { delegations: _, ...alone } = edited;
    for (const value of [edited, alone]) {
      const bytes = await this.#signTargets(role, value, listed.length);
      this.#show(publicRolePath(role, listed.version), bytes);
      if (listed.length === undefined || bytes.byteLength === listed.length) return;
    }
  }

  /** The next root, with what he holds of root's keys, and his own for the root that it makes. */
  async signsRoot(edit: Edit<Root>): Promise<void> {
    const held = this.#root();
    const next = edit({ ...held, version: held.version + 1, expires: never });
    const signers = [...(this.#loot.get("root") ?? []), mallory];
    const bytes = await signTree(rootToJson(next), signers);
    this.#show(publicRolePath("root", next.version), bytes);
  }

  /** The role lists pages of his. */
  lists(...names: readonly string[]): Edit<Targets> {
    const files = new Map(names.map((name) => this.#makePage(name)));
    return (held) => ({ ...held, targets: new Map([...held.targets, ...files]) });
  }

  /** The same, delegating to nobody: others might not obey, or expire. */
  listsAlone(...names: readonly string[]): Edit<Targets> {
    const list = this.lists(...names);
    return (held) => {
      const { delegations: _, ...alone } = list(held);
      return alone;
    };
  }

  /** A file of his, and a page that offers nothing else. */
  #makePage(name: string): readonly [string, TargetFile] {
    const project = normaliseProjectName(name);
    const filename = `${project}-6.66.tar.gz`;
    const content = formatUtf8(`${filename} malware`);
    const sha256 = sha256Hex(content);
    this.#show(`files/${project}/${sha256}/${filename}`, content);
    const page = formatPage({
      name: project,
      status: "active",
      versions: ["6.66"],
      files: [
        {
          filename,
          url: fileUrl(project, sha256, filename),
          sha256,
          size: content.byteLength,
          uploadTime: "2026-11-21T08:00:00.000000Z",
          yanked: false,
          version: "6.66",
        },
      ],
    });
    const hashes = new Map([["sha256", sha256Hex(page)]]);
    this.#show(publicPagePath(project, sha256Hex(page)), page);
    return [pageTarget(project), { length: page.byteLength, hashes }];
  }

  /** The role hands the project's page to `name`, which the thief signs, before anybody else. */
  delegates(role: string, ...projects: readonly string[]): Edit<Targets> {
    const delegation = {
      name: role,
      keyIds: [mallory.key.keyId],
      threshold: 1,
      paths: projects.map((project) => pageTarget(normaliseProjectName(project))),
      terminating: true,
    };
    return (held) => {
      const keys = new Map(held.delegations?.keys).set(mallory.key.keyId, mallory.key);
      const others = (held.delegations?.roles ?? []).filter(({ name }) => name !== role);
      return { ...held, delegations: { keys, roles: [delegation, ...others] } };
    };
  }

  /** Older files of these roles in the next snapshot. */
  async replays(versions: Readonly<Record<string, number>>): Promise<void> {
    const older = Object.entries(versions).map(([role, version]) => [role, { version }] as const);
    await this.signsSnapshot(({ meta, ...held }) => {
      return { ...held, meta: new Map([...meta, ...older]) };
    });
  }

  /** A file that he shows under a name below the origin. */
  #show(path: string, bytes: Uint8Array): void {
    this.#shown.set(path, bytes);
  }

  async #signTargets(role: string, value: Targets, length?: number): Promise<Uint8Array> {
    const tree = targetsToJson({ ...value, expires: never });
    const bytes = await this.#sign(role, tree);
    const missing = length === undefined ? 0 : length - bytes.byteLength - ',"x":""'.length;
    if (missing < 0 || length === undefined || missing + 7 === 0) return bytes;
    return await this.#sign(role, new Map<string, Json>([...tree, ["x", "-".repeat(missing)]]));
  }

  async #sign(role: string, tree: JsonObject): Promise<Uint8Array> {
    return await signTree(tree, this.#loot.get(keyName(role)) ?? [mallory]);
  }

  #holds(role: string): boolean {
    return this.#loot.has(keyName(role));
  }

  #timestamp(): Timestamp {
    return parseSigned(this.#read(publicTimestampPath), timestampDecoder).value;
  }

  #snapshot(): Snapshot {
    const { version } = this.#timestamp().snapshot;
    return parseSigned(this.#read(publicRolePath("snapshot", version)), snapshotDecoder).value;
  }

  #root(): Root {
    let version = 1;
    while (this.#shown.has(publicRolePath("root", version + 1))) version++;
    return parseSigned(this.#read(publicRolePath("root", version)), rootDecoder).value;
  }

  #role(role: string): Targets {
    const version = this.#snapshot().meta.get(role)?.version;
    if (version === undefined)
      return { specVersion: "1.0.34", version: 0, expires: never, targets: new Map() };
    return parseSigned(this.#read(publicRolePath(role, version)), targetsDecoder).value;
  }

  #read(path: string): Uint8Array {
    const bytes = this.#shown.get(path);
    assert.ok(bytes, `${path} at ${simOrigin}`);
    return bytes;
  }
}

function keyName(role: string): string {
  return isBinName(role) ? "bins" : role;
}

function same<T>(value: T): T {
  return value;
}
