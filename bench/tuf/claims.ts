/** A made index's public tree with claimed projects in it, as the editor of claims makes them; the signer's tables know nothing of it. */
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { generateEd25519 } from "#crypto/signer.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { metaLines, snapshot as snapshotDecoder } from "#formats/tuf/snapshot.ts";
import { timestamp as timestampDecoder } from "#formats/tuf/timestamp.ts";
import { lifetimeMs } from "#core/publication/role-life.ts";
import { claimedRoles } from "#core/tuf/claimed-roles.ts";
import type { ClaimedSplit } from "#core/tuf/claimed-roles.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { RoleFile, Signing, TufSigner } from "#core/tuf/editor.ts";
import { projectRoleName, publicRolePath } from "#core/tuf/layout.ts";
import { signSnapshot, signTimestamp } from "#core/tuf/online-roles.ts";
import { projectContent } from "#core/tuf/project-roles.ts";
import { signTargetsRole } from "#core/tuf/targets-content.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { readExistingKey } from "#stores/folder/key-file.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { firstFile, firstPage, seeds } from "./large-index.ts";
import type { MadeIndex } from "./made-index.ts";

export type ClaimsShape = {
  readonly split: ClaimedSplit;
  /** Whether snapshot lists the hashes of the claims' roles, beside their versions. */
  readonly areHashed: boolean;
};

const { lifetimes } = parseConfig("").signer;

/** Changes `tree` in place: `tuf/` of a copy. Every project has one owner, and its page is what the owner signed. */
export async function addClaims(
  index: MadeIndex,
  publicTree: string,
  projects: readonly ProjectName[],
  { areHashed, split }: ClaimsShape,
): Promise<void> {
  const data = dataFolder(index.data);
  const now = new Date();
  const signing = (role: string, version: number, signer: TufSigner): Signing => {
    return { version, now, lifetimeMs: lifetimeMs(role, lifetimes), signers: [signer] };
  };
  const key = async (folder: string, name: string): Promise<TufSigner> =>
    tufSigner(await readExistingKey(path.join(folder, `${name}.pem`)));
  const top = await key(data.offlineKeys, "claimed");
  const random = createSeededRandom(seeds.claims);
  const owners = projects.map(() => tufSigner(generateEd25519(random.bytes).signer));
  const claims = owners.map(({ publicKey }, place) => {
    return { project: nameAt(projects, place), owners: { keys: [publicKey], threshold: 1 } };
  });
  const signers = { keyIds: [top.key.keyId], keys: new Map([[top.key.keyId, top.key]]) };
  const files: RoleFile[] = [];
  for (const [role, content] of claimedRoles(claims, split, { ...signers, threshold: 1 })) {
    files.push(await signTargetsRole(role, content, signing(role, 2, top)));
  }
  const places = new Map(index.names.map((name, place) => [name, place]));
  for (const [place, owner] of owners.entries()) {
    const project = nameAt(projects, place);
    const bytes = firstPage(project, firstFile(project, places.get(project) ?? 0));
    const page = { sha256: sha256Hex(bytes), size: bytes.byteLength };
    const role = projectRoleName(project);
    const content = projectContent(project, { kind: "page", page });
    files.push(await signTargetsRole(role, content, signing(role, 1 + random.below(20), owner)));
  }
  const pointer = path.join(publicTree, "tuf", "timestamp.json");
  const current = parseSigned(await readFile(pointer), timestampDecoder).value.snapshot.version;
  const listed = await readFile(path.join(publicTree, publicRolePath("snapshot", current)));
  const meta = new Map(parseSigned(listed, snapshotDecoder).value.meta);
  for (const { bytes, role, sha256, version } of files) {
    const length = bytes.byteLength;
    meta.set(
      role,
      areHashed ? { version, length, hashes: new Map([["sha256", sha256]]) } : { version, length },
    );
  }
  const online = await key(data.onlineKeys, "snapshot");
  const snapshot = await signSnapshot(metaLines(meta), signing("snapshot", current + 1, online));
  const pointed = { ...snapshot, length: snapshot.bytes.byteLength };
  const next = signing("timestamp", current + 1, await key(data.onlineKeys, "timestamp"));
  const timestamp = await signTimestamp(pointed, next);
  for (const { bytes, role, version } of [...files, snapshot]) {
    await writeFile(path.join(publicTree, publicRolePath(role, version)), bytes);
  }
  await rm(pointer);
  await writeFile(pointer, timestamp.bytes);
}

function nameAt(projects: readonly ProjectName[], place: number): ProjectName {
  const project = projects[place];
  if (project === undefined) throw new Error("There are as many owners as projects");
  return project;
}
