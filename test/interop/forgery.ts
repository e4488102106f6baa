/**
 * What a thief of the timestamp and snapshot keys publishes: one role's file of their own, signed by other keys, with a
 * snapshot and a timestamp that lead to it. Only the role's own keys can tell.
 */
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { metaLines, snapshot as snapshotDecoder } from "#formats/tuf/snapshot.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import { timestamp as timestampDecoder } from "#formats/tuf/timestamp.ts";
import { nextMetadata, signRole } from "#core/tuf/editor.ts";
import type { RoleFile, Signing, TufSigner } from "#core/tuf/editor.ts";
import { publicRolePath, publicTimestampPath } from "#core/tuf/layout.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { signSnapshot, signTimestamp } from "#core/tuf/online-roles.ts";
import { DAY } from "#world/sim-clock.ts";

export type Forgery = {
  /** A targets role, `snapshot` or `timestamp`: its next version, with the content it has. */
  readonly role: string;
  readonly signer: TufSigner;
  readonly lifetimeMs?: number;
};

export type ForgedFrom = {
  readonly tree: ReadonlyMap<string, Uint8Array>;
  readonly now: Date;
  /** The stolen keys. */
  readonly timestamp: TufSigner;
  readonly snapshot: TufSigner;
};

/** Files by path in the public tree. */
export async function forge(
  from: ForgedFrom,
  { lifetimeMs = 20 * 365 * DAY, role, signer }: Forgery,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const signing = (name: string, version: number, stolen = signer): Signing => {
    const signers = [name === role ? signer : stolen];
    return { version: version + 1, now: from.now, lifetimeMs, signers };
  };
  const lay = ({ bytes, role: name, version }: RoleFile): void => {
    files.set(publicRolePath(name, version), bytes);
  };
  const pointer = read(from, publicTimestampPath, timestampDecoder);
  const snapshot = read(
    from,
    publicRolePath("snapshot", pointer.snapshot.version),
    snapshotDecoder,
  );
  const meta = new Map(snapshot.meta);
  const version = meta.get(role)?.version;
  if (version !== undefined) {
    const value = read(from, publicRolePath(role, version), targetsDecoder);
    const next = nextMetadata(signing(role, version));
    lay(await signRole(role, next, targetsToJson({ ...value, ...next }), signing(role, version)));
    meta.set(role, { version: version + 1 });
  }
  const nextSnapshot = await signSnapshot(
    metaLines(meta),
    signing("snapshot", snapshot.version, from.snapshot),
  );
  lay(nextSnapshot);
  const named = { ...nextSnapshot, length: nextSnapshot.bytes.byteLength };
  const { bytes } = await signTimestamp(
    named,
    signing("timestamp", pointer.version, from.timestamp),
  );
  return files.set(publicTimestampPath, bytes);
}

/** The next root with the content of the one in force, signed by these keys alone. */
export async function forgeRoot(
  { now, tree }: Pick<ForgedFrom, "now" | "tree">,
  version: number,
  signers: readonly TufSigner[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const current = tree.get(publicRolePath("root", version)) ?? new Uint8Array();
  const signing = { version: version + 1, now, lifetimeMs: 20 * 365 * DAY, signers };
  const { bytes } = await signNextOffline("root", current, signing);
  return new Map([[publicRolePath("root", version + 1), bytes]]);
}

function read<T>({ tree }: ForgedFrom, path: string, decoder: Decoder<T>): T {
  return parseSigned(tree.get(path) ?? new Uint8Array(), decoder, path).value;
}
