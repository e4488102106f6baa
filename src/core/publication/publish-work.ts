/** One batch from work to the world: signed, committed, and only then written (ADR 2). */
import type { SignerConfig } from "#formats/config/config.ts";
import type { KeyRing } from "./key-ring.ts";
import { signBatch } from "./sign-batch.ts";
import type { BatchWork } from "./sign-batch.ts";
import type { WorkingState } from "./working-state.ts";
import { writeBatch } from "./write-batch.ts";
import type { WritePorts } from "./write-batch.ts";

/** The state afterwards. Throws UnavailableError; then what happened has to be found out. */
export async function publishWork(
  ports: WritePorts & { readonly ring: KeyRing },
  config: SignerConfig,
  token: number,
  state: WorkingState,
  work: BatchWork,
  now: Date,
): Promise<WorkingState> {
  const batch = await signBatch(ports, config, state, work, now);
  await ports.steps.reached("batch.signed");
  await ports.store.commit(token, batch.commit);
  await ports.steps.reached("batch.committed");
  await writeBatch(ports, token, batch, state.pointer);
  return batch.next;
}

/** Never earlier than what is signed already: a clock that went back must not show in what is signed. */
export function signingTime(now: Date, { signedAt }: Pick<WorkingState, "signedAt">): Date {
  return now < signedAt ? signedAt : now;
}
