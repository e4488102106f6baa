/**
 * The named places between two durable actions. A crash at any of them must lose nothing that was acknowledged; the
 * tests crash at each, and a debug log counts them.
 */
export type PublicationStep =
  | "batch.begun"
  | "batch.decided"
  | "batch.checked"
  | "batch.signed"
  | "batch.committed"
  | "batch.page-written"
  | "batch.role-written"
  | "batch.snapshot-written"
  | "batch.pointer-replaced"
  | "batch.root-written"
  | "batch.published"
  | "keys.retired"
  | "keys.settled"
  | "recovery.begun"
  | "recovery.decided"
  | "resume.begun"
  | "resume.copy-rebuilt"
  | "resume.published"
  | "sweep.removed"
  | "sweep.forgotten";

export const batchSteps: readonly PublicationStep[] = [
  "batch.begun",
  "batch.decided",
  "batch.checked",
  "batch.signed",
  "batch.committed",
  "batch.page-written",
  "batch.role-written",
  "batch.snapshot-written",
  "batch.pointer-replaced",
  "batch.published",
];

/** Called when a step is reached; the next action waits for it. */
export type Steps = { reached(step: PublicationStep): void | Promise<void> };
