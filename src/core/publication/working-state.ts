/** What the signer knows of its own publication between two batches. Changed only after a commit. */
import { sha256Hex } from "#crypto/hash.ts";
import { json } from "#formats/json/decode.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import { invariant } from "#core/errors.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import type { NamedKeys } from "./key-ring.ts";
import { keysNamedBy, openOfflineSet } from "./offline-set.ts";
import type { OfflineSet } from "./offline-set.ts";
import { overlapEnd } from "./role-signers.ts";
import { RoleTable } from "./role-table.ts";
import type { RoleVersion, SignerState, SignerStore } from "./signer-store.ts";

export type WorkingState = {
  readonly roles: RoleTable;
  readonly offline: OfflineSet;
  /** 2^n bins are delegated to. There may be more roles of that name, from when there were fewer. */
  readonly bitLength: number;
  /** Which keys `unclaimed` gives the bins; none before the first publication. */
  readonly binKeyIds: readonly string[];
  /** Of each online role but the bins: whose signatures its newest file carries. */
  readonly signedBy: ReadonlyMap<string, readonly string[]>;
  /** Until then the keys of the root before sign too. */
  readonly overlapUntil: Date;
  readonly serial: number;
  readonly batch: number;
  readonly projects: number;
  readonly versionFloor: number;
  /** No file is ever signed with an earlier time. */
  readonly signedAt: Date;
  /** SHA-256 of the very first root's bytes, which people compare. */
  readonly rootFingerprint: string;
  /** The bytes the pointer holds, as far as we know; undefined: none. */
  readonly pointer: Uint8Array | undefined;
};

/** From the store, after at least one batch; `now` is when it is read. */
export async function readWorkingState(
  store: SignerStore,
  state: SignerState,
  pointer: Uint8Array | undefined,
  now: Date,
): Promise<WorkingState> {
  const read = async (role: string): Promise<Uint8Array> => {
    const bytes = await store.readRoleFile(role, state.roles.get(role)?.version ?? 0);
    invariant(bytes !== undefined, `the store holds the newest ${role}`);
    return bytes;
  };
  const firstRoot = await store.readRoleFile("root", 1);
  invariant(firstRoot !== undefined, "the store holds the first root");
  const unclaimed = parseSigned(await read("unclaimed"), targetsDecoder, "unclaimed");
  const bins = unclaimed.value.delegations?.succinct;
  invariant(bins !== undefined && state.signedAt !== undefined, "unclaimed delegates to bins");
  return {
    roles: RoleTable.of(state.roles.values()),
    offline: openOfflineSet({
      root: await read("root"),
      targets: await read("targets"),
      claimed: await read("claimed"),
    }),
    bitLength: bins.bitLength,
    binKeyIds: bins.keyIds,
    signedBy: new Map([
      ["timestamp", signersOf(await read("timestamp"))],
      ["snapshot", signersOf(await read("snapshot"))],
      ["deny", signersOf(await read("deny"))],
      ["recently-claimed", signersOf(await read("recently-claimed"))],
      ["unclaimed", [...unclaimed.signatures.keys()]],
    ]),
    overlapUntil: overlapEnd(state.roles.get("root")?.signedAt ?? now, now),
    serial: state.serial,
    batch: state.batch,
    projects: state.projects,
    versionFloor: state.versionFloor,
    signedAt: state.signedAt,
    rootFingerprint: sha256Hex(firstRoot),
    pointer,
  };
}

export function namedByState({ binKeyIds, offline }: WorkingState): NamedKeys {
  return keysNamedBy(offline, binKeyIds);
}

function signersOf(bytes: Uint8Array): readonly string[] {
  return [...parseSigned(bytes, json).signatures.keys()];
}

/** The number that the role's next file gets. */
export function nextVersion(
  state: Pick<WorkingState, "roles" | "versionFloor">,
  role: string,
): number {
  const next = (state.roles.get(role)?.version ?? 0) + 1;
  // Root's versions have no gaps: a client asks for the next one and takes its absence as the end.
  return role === "root" ? next : Math.max(next, state.versionFloor);
}

export function versionOf({ bytes, ...file }: RoleFile): RoleVersion {
  return { ...file, length: bytes.byteLength };
}
