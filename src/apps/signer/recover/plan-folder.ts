/**
 * The folder of one recovery. `plan.json` is written last: where it is, the rest is whole. It goes to the holders of the
 * offline keys, on other machines under other users: what lies in it says no more than the public tree and holds no key.
 */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "#formats/format-error.ts";
import { formatRecoveryPlan, parseRecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import type { RecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import { RefusedError } from "#core/errors.ts";
import { isCode, writeRenamedFile } from "#stores/folder/renamed-file.ts";

export type PlanFolder = {
  readonly folder: string;
  readonly plan: string;
  readonly ceremony: string;
  /** Signed, where one command does everything. */
  readonly signed: string;
  readonly reportText: string;
  readonly reportLines: string;
  readonly changedLines: string;
  readonly bulletin: string;
};

export const planModes = { folder: 0o755, file: 0o644 } as const;

export function planFolder(folder: string): PlanFolder {
  return {
    folder,
    plan: join(folder, "plan.json"),
    ceremony: join(folder, "next.ceremony"),
    signed: join(folder, "signed.ceremony"),
    reportText: join(folder, "report.txt"),
    reportLines: join(folder, "report.jsonl"),
    changedLines: join(folder, "changed.jsonl"),
    bulletin: join(folder, "bulletin.txt"),
  };
}

/** undefined where there is none yet. Throws RefusedError `recovery.plan` for one that cannot be read. */
export async function readPlan({ plan }: PlanFolder): Promise<RecoveryPlan | undefined> {
  try {
    return parseRecoveryPlan(new Uint8Array(await readFile(plan)));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    const isOurs = error instanceof FormatError || (error instanceof Error && "code" in error);
    if (!isOurs) throw error;
    throw new RefusedError("recovery.plan", `Cannot use ${plan}: ${error.message}`);
  }
}

export async function readExistingPlan(paths: PlanFolder): Promise<RecoveryPlan> {
  const plan = await readPlan(paths);
  if (plan !== undefined) return plan;
  throw new RefusedError(
    "recovery.plan",
    `Cannot use ${paths.folder}: there is no complete plan in it; run \`holdfast recover plan\` first`,
  );
}

export async function writePlan({ plan }: PlanFolder, value: RecoveryPlan): Promise<void> {
  await writePlanFile(plan, formatRecoveryPlan(value));
}

/** Durable; readers see the old bytes or the new ones. */
export async function writePlanFile(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeRenamedFile(path, bytes, { durable: true, mode: planModes.file });
}

/** A folder of an earlier recovery makes room for a new one. */
export async function moveAside(paths: PlanFolder, now: Date): Promise<string> {
  const aside = `${paths.folder}.before-${now.toISOString().replaceAll(/[:.]/g, "-")}`;
  await rename(paths.folder, aside);
  return aside;
}
