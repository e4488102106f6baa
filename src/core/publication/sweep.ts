/**
 * What the newest files replaced is taken away after an hour (design 6): snapshots, bins, online roles. Roots, targets,
 * claimed and pages stay for ever. What the newest snapshot names was never replaced, so it cannot be swept.
 */
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { publicRolePath } from "#core/tuf/layout.ts";
import { publicationLimits } from "./limits.ts";
import type { WritePorts } from "./write-batch.ts";

/** The public copy first: a crash in between forgets nothing that still has to go. */
export async function sweepReplaced(ports: WritePorts, token: number, now: Date): Promise<void> {
  const { publicTree, steps, store } = ports;
  const before = addMilliseconds(now, -publicationLimits.sweepAfterMs);
  for (;;) {
    const replaced = await store.readReplaced(before, publicationLimits.sweepMax);
    if (replaced.length === 0) return;
    for (const { role, version } of replaced) {
      await publicTree.remove(publicRolePath(role, version));
      await steps.reached("sweep.removed");
    }
    await store.forgetRoles(token, replaced);
    await steps.reached("sweep.forgotten");
  }
}
