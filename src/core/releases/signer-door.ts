import type { Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import type { SignerStatus } from "#formats/door/signer-status.ts";

/**
 * The signer, as the index knows it. Nothing it answers is taken on trust by users: they verify what it signed. All
 * throw UnavailableError `signer.unreachable` when there is no answer; then the request may have been done or not.
 */
export type SignerDoor = {
  /** Answers when the change is visible to everybody, or refused: may take long. The same id again: the same answer. */
  sendChange(change: Change): Promise<ChangeResult>;
  /** Current pages whose serial is greater than `after`, by serial; at most `limit`. */
  readPages(after: number, limit: number): Promise<readonly PagePointer[]>;
  readStatus(): Promise<SignerStatus>;
  /** A consistent copy of the signer's database below `folder`, an absolute path on the signer's machine. */
  backup(folder: string): Promise<void>;
};
