/** Next files of the roles that the signer signs by itself (design 5). */
import type { PagePointer } from "#formats/door/change.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { specVersion } from "#formats/tuf/metadata.ts";
import type { MetaFile, Metadata } from "#formats/tuf/metadata.ts";
import { snapshotText } from "#formats/tuf/snapshot.ts";
import type { SuccinctRoles } from "#formats/tuf/succinct-roles.ts";
import { fileListText, targetsToJson } from "#formats/tuf/targets.ts";
import type { Delegations } from "#formats/tuf/targets.ts";
import { timestampToJson } from "#formats/tuf/timestamp.ts";
import { nextMetadata, signCanonical, signRole, signedCanonical } from "./editor.ts";
import type { RoleFile, RoleSignatures, SignedRole, Signing } from "./editor.ts";
import { binNamePrefix, pageTarget } from "./layout.ts";

/** A role without targets of its own: `deny` and `recently-claimed` until they have something to say. */
export async function signEmptyRole(role: string, signing: Signing): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const tree = targetsToJson({ ...metadata, targets: new Map() });
  return await signRole(role, metadata, tree, signing);
}

/** `unclaimed`: nothing of its own, everything to the bins. */
export async function signUnclaimed(
  signing: Signing,
  bins: { readonly key: TufKey; readonly bitLength: number },
): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const delegations = binDelegations(bins.key, bins.bitLength);
  const tree = targetsToJson({ ...metadata, targets: new Map(), delegations });
  return await signRole("unclaimed", metadata, tree, signing);
}

/** One bin with its projects' pages, each project once. */
export async function signBin(
  role: string,
  pages: readonly PagePointer[],
  signing: Signing,
): Promise<SignedRole> {
  const metadata = nextMetadata(signing);
  return await signCanonical(role, metadata, binText(metadata, pages), signing);
}

/** The bytes that `signBin` made of the same pages, with the signatures it made then. */
export function formatBin(
  { expires, version }: Pick<RoleFile, "expires" | "version">,
  pages: readonly PagePointer[],
  signatures: RoleSignatures,
): Uint8Array {
  return signedCanonical(binText({ specVersion, version, expires }, pages), signatures);
}

function binText(metadata: Metadata, pages: readonly PagePointer[]): string {
  const files = pages.map(({ project, sha256, size }) => {
    return { path: pageTarget(project), length: size, sha256 };
  });
  return fileListText(metadata, files);
}

/** `lines` (`metaLines`): every targets role. */
export async function signSnapshot(lines: string, signing: Signing): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const text = snapshotText(metadata, lines);
  return (await signCanonical("snapshot", metadata, text, signing)).file;
}

export async function signTimestamp(
  snapshot: { readonly version: number; readonly length: number; readonly sha256: string },
  signing: Signing,
): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const { version, length, sha256 } = snapshot;
  const listed: MetaFile = { version, length, hashes: new Map([["sha256", sha256]]) };
  const tree = timestampToJson({ ...metadata, snapshot: listed });
  return await signRole("timestamp", metadata, tree, signing);
}

export function binRoles({ keyId }: TufKey, bitLength: number): SuccinctRoles {
  return { keyIds: [keyId], threshold: 1, bitLength, namePrefix: binNamePrefix };
}

function binDelegations(key: TufKey, bitLength: number): Delegations {
  return { keys: new Map([[key.keyId, key]]), succinct: binRoles(key, bitLength) };
}
