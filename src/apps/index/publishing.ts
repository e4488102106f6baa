/**
 * The way of a file into the index, whoever brings it (an upload, an import): the rules, the checks on its bytes, the
 * store, the record, the signer. Nothing stays behind of a file that is refused on the way.
 */
import { createHash, sha256Hex } from "#crypto/hash.ts";
import { checkRole, checkToken } from "#core/accounts/permissions.ts";
import type { Token } from "#core/accounts/token.ts";
import { RefusedError } from "#core/errors.ts";
import { acceptChange, neededRole, type ManagingChange } from "#core/releases/accept-change.ts";
import { acceptUpload, type UploadDecision } from "#core/releases/accept-upload.ts";
import {
  formatUploadTime,
  type AppliedChange,
  type ChangeOutcome,
  type FileEntry,
} from "#core/releases/catalogue.ts";
import type { FileStore } from "#core/releases/file-store.ts";
import type { Outbox } from "#core/releases/outbox.ts";
import type { AddFile } from "#formats/door/change.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { checkDistribution, type CheckedDistribution } from "#formats/python/check-distribution.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { IndexPorts } from "./index-ports.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { ReceivedFile } from "./receive-upload.ts";

/** On whose behalf a file is brought. */
export type Publisher = { readonly accountId: string; readonly accountName: string };

export type PublishingPorts = Pick<
  IndexPorts,
  "clock" | "files" | "logTrouble" | "random" | "releases"
> & {
  readonly outbox: Outbox;
  /** By hash: what keeps and removes stored bytes. */
  readonly locks: KeyedLock;
};

export class Publishing {
  readonly #ports: PublishingPorts;

  constructor(ports: PublishingPorts) {
    this.#ports = ports;
  }

  /**
   * A fresh id for a change: 80 random bits, because it is also the address to ask at. The time comes first, so that the ids
   * of one batch lie side by side in every table.
   */
  createChangeId(): string {
    const { clock, random } = this.#ports;
    const time = clock().getTime().toString(16).padStart(12, "0");
    return `${time}${formatHex(random(10))}`;
  }

  /**
   * Takes in a received file of this project: answers the id of the change that publishes it, or "published" when the
   * same bytes are installable already. FormatError, RefusedError or UnavailableError otherwise.
   */
  async publishFile(
    file: ReceivedFile,
    project: ProjectName,
    publisher: Publisher,
    uploadedAt: Date,
  ): Promise<{ readonly changeId: string } | "published"> {
    const { outbox, releases } = this.#ports;
    const { filename, incoming } = file;
    const { accountId, accountName } = publisher;
    try {
      const state = await releases.readUploadState(project, filename, accountId);
      const early = acceptUpload(state, offerOf(file, "", project, "", uploadedAt), accountName);
      if (early.kind === "published") await this.#repair(file, state.file?.coreMetadata);
      if (early.kind !== "publish") return answerOf(early);
      const checked = await checkDistribution(filename, await incoming.open());
      checkIdentity(checked, project);
      const offer = {
        ...offerOf(file, this.createChangeId(), project, checked.version, uploadedAt),
        ...(checked.requiresPython !== undefined && { requiresPython: checked.requiresPython }),
        ...(checked.kind === "wheel" && { coreMetadata: sha256Hex(checked.metadata) }),
      };
      const decision = await this.#storeAndRecord(file, checked, offer, publisher);
      if (decision.kind === "publish") outbox.submit(decision.change);
      return answerOf(decision);
    } finally {
      await incoming.discard();
    }
  }

  /** Asks for a change to what is published, and waits until it is visible or `ms` are over. */
  async change(
    change: ManagingChange,
    purge: boolean,
    ms: number,
  ): Promise<ChangeOutcome | "pending"> {
    const { clock, outbox, releases } = this.#ports;
    await releases.recordChange({ change, purge, at: clock() }, (state) =>
      acceptChange(state, change),
    );
    outbox.submit(change);
    return outbox.wait(change.id, ms);
  }

  /** RefusedError `auth.forbidden` unless this token's account may ask for this change. */
  async checkMayChange(token: Token, change: ManagingChange): Promise<void> {
    const { releases } = this.#ports;
    checkToken(token, "manage", change.project);
    if ((await releases.findProject(change.project)) === undefined) acceptChange({}, change);
    const members = await releases.readMembers(change.project);
    const role = members.find(({ accountId }) => accountId === token.accountId)?.role;
    checkRole(role, neededRole(change), token.accountName, change.project);
  }

  /** Removes bytes that an answer made unneeded. */
  async removeUnneeded({ unneeded }: AppliedChange): Promise<void> {
    for (const sha256 of unneeded) {
      try {
        await this.#removeIfUnneeded(sha256);
      } catch (error) {
        // The next start finds it again.
        this.#ports.logTrouble(`Cannot remove the unneeded file ${sha256}`, error);
      }
    }
  }

  /** Removes stored files that no record names: what a crash between store and record leaves. */
  async sweepOrphans(): Promise<number> {
    const { files, releases } = this.#ports;
    let count = 0;
    for await (const hashes of files.listHashes()) {
      const needed = await releases.readNeededHashes(hashes);
      for (const sha256 of hashes) {
        if (!needed.has(sha256) && (await this.#removeIfUnneeded(sha256))) count += 1;
      }
    }
    return count;
  }

  #removeIfUnneeded(sha256: string): Promise<boolean> {
    const { files, locks, releases } = this.#ports;
    return locks.run(sha256, async () => {
      if ((await releases.readNeededHashes([sha256])).size > 0) return false;
      await files.removeFile(sha256);
      return true;
    });
  }

  /** These bytes are published: where the store's were damaged or lost, they take their place. */
  async #repair(file: ReceivedFile, coreMetadata: string | undefined): Promise<void> {
    const { files, locks } = this.#ports;
    const { sha256 } = file.digests;
    await locks.run(sha256, async () => {
      if (await isIntact(files, sha256, coreMetadata)) return;
      const { metadata } = await checkDistribution(file.filename, await file.incoming.open());
      await file.incoming.keep(sha256, metadata);
    });
  }

  #storeAndRecord(
    file: ReceivedFile,
    checked: CheckedDistribution,
    offer: AddFile,
    { accountId, accountName }: Publisher,
  ): Promise<UploadDecision> {
    const { clock, files, locks, releases } = this.#ports;
    const { sha256 } = file.digests;
    const entry = entryOf(file, checked, offer, accountId);
    return locks.run(sha256, async () => {
      try {
        await file.incoming.keep(sha256, checked.metadata);
        return await releases.recordUpload({ file: entry, accountId, at: clock() }, (state) =>
          acceptUpload(state, offer, accountName),
        );
      } catch (error) {
        const needed = await releases.readNeededHashes([sha256]);
        if (needed.size === 0) await files.removeFile(sha256);
        throw error;
      }
    });
  }
}

async function isIntact(
  files: FileStore,
  sha256: string,
  coreMetadata: string | undefined,
): Promise<boolean> {
  const stored = await files.openFile(sha256);
  if (stored === undefined) return false;
  const hash = createHash("sha256");
  for await (const chunk of stored.stream(0, stored.size)) hash.update(chunk);
  if (hash.digestHex() !== sha256) return false;
  if (coreMetadata === undefined) return true;
  const metadata = await files.readMetadata(sha256);
  return metadata !== undefined && sha256Hex(metadata) === coreMetadata;
}

function answerOf(decision: UploadDecision): { readonly changeId: string } | "published" {
  if (decision.kind === "published") return "published";
  return { changeId: decision.kind === "join" ? decision.changeId : decision.change.id };
}

function offerOf(
  file: ReceivedFile,
  id: string,
  project: ProjectName,
  version: string,
  uploadedAt: Date,
): AddFile {
  const { filename, size, digests } = file;
  const uploadTime = formatUploadTime(uploadedAt);
  return {
    kind: "add-file",
    id,
    project,
    filename,
    version,
    sha256: digests.sha256,
    size,
    uploadTime,
  };
}

function entryOf(
  file: ReceivedFile,
  checked: CheckedDistribution,
  offer: AddFile,
  accountId: string,
): FileEntry {
  const { id: _id, kind: _kind, ...said } = offer;
  return {
    ...said,
    kind: checked.kind,
    blake2b256: file.digests.blake2b256,
    md5: file.digests.md5,
    summary: (checked.summary ?? "").slice(0, summaryLengthMax),
    yanked: false,
    state: "pending",
    uploadedBy: accountId,
  };
}

const summaryLengthMax = 512;

function checkIdentity(checked: CheckedDistribution, project: ProjectName): void {
  if (checked.project === project) return;
  throw new RefusedError(
    "upload.filename",
    `The file is of project '${checked.project}', not of '${project}'.`,
  );
}
