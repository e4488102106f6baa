/**
 * What was committed becomes public (design 6): files first, what names them after them, the pointer by
 * compare-and-swap, new roots last. Until the pointer moves nothing of it can be seen.
 */
import { UnavailableError } from "#core/errors.ts";
import { publicRolePath, publicTimestampPath } from "#core/tuf/layout.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import { publicationLimits } from "./limits.ts";
import type { PublicTree } from "./public-tree.ts";
import type { SignedBatch } from "./sign-batch.ts";
import type { SignerStore } from "./signer-store.ts";
import type { Steps } from "./steps.ts";

export type WritePorts = {
  readonly store: SignerStore;
  readonly publicTree: PublicTree;
  readonly steps: Steps;
  readonly wait?: (ms: number) => Promise<void>;
};

/** `pointer`: what the pointer holds before. Throws UnavailableError, `signer.fenced` where another signer writes. */
export async function writeBatch(
  ports: WritePorts,
  token: number,
  batch: SignedBatch,
  pointer: Uint8Array | undefined,
): Promise<void> {
  const { publicTree, steps, store } = ports;
  const { commit, pageFiles, roles, roots, snapshot, timestamp } = batch;
  for await (const { path, pieces } of pageFiles) {
    await publicTree.write(path, pieces);
    await steps.reached("batch.page-written");
  }
  for (const file of roles) {
    await writeRole(publicTree, file);
    await steps.reached("batch.role-written");
  }
  if (snapshot !== undefined) {
    await writeRole(publicTree, snapshot);
    await steps.reached("batch.snapshot-written");
  }
  if (timestamp === undefined) return;
  await store.publish(token, commit.batch, async () => {
    await replaceTimestamp(publicTree, pointer, timestamp.bytes);
    await steps.reached("batch.pointer-replaced");
    if (roots.length > 0 && pointer !== undefined) await outwaitCaches(ports);
    for (const file of roots) {
      await writeRole(publicTree, file);
      await steps.reached("batch.root-written");
    }
  });
  await steps.reached("batch.published");
}

/** Throws UnavailableError `signer.fenced`: the pointer is not what this signer left there. */
export async function replaceTimestamp(
  publicTree: PublicTree,
  pointer: Uint8Array | undefined,
  bytes: Uint8Array,
): Promise<void> {
  if (await publicTree.replacePointer(publicTimestampPath, pointer, bytes)) return;
  throw new UnavailableError(
    "signer.fenced",
    "Cannot publish: somebody else replaced timestamp.json; this signer must end",
  );
}

/** Whoever sees a root must not be handed a timestamp of before: keys, thresholds and floors may be others. */
export async function outwaitCaches({ wait }: Pick<WritePorts, "wait">): Promise<void> {
  await wait?.(publicationLimits.rootAfterPointerMs);
}

async function writeRole(publicTree: PublicTree, file: RoleFile): Promise<void> {
  await publicTree.write(publicRolePath(file.role, file.version), [file.bytes]);
}
