/** `holdfast recover` where the offline keys lie in a folder: plan, question, ceremony and publication in one go. */
import { formatCeremonyFile, parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { RecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import { RefusedError } from "#core/errors.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { addSignature, rolesOfKey } from "#core/ceremony/signatures.ts";
import { checkChoice } from "#core/recovery/choose-projects.ts";
import { proposeRootRemoval } from "#core/recovery/propose-recovery.ts";
import { readStateToRecover, recoverPublication } from "#core/recovery/recover-publication.ts";
import { recoveryNeeds } from "#core/recovery/stolen-keys.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { readFile } from "node:fs/promises";
import type { AskLine } from "#stores/host/ask-line.ts";
import { isCode } from "#stores/folder/renamed-file.ts";
import { openGoodCopy } from "./good-copy.ts";
import { OfflineKeyFolder } from "./offline-key-folder.ts";
import type { WholeOptions } from "./options.ts";
import { ceremonyPolicy, isInForce, makePlan } from "./plan-command.ts";
import {
  moveAside,
  planFolder,
  readExistingPlan,
  readPlan,
  writePlan,
  writePlanFile,
} from "./plan-folder.ts";
import type { PlanFolder } from "./plan-folder.ts";
import { notChosen, publishRecovery } from "./publish-command.ts";
import type { RecoveryWorld } from "./recovery-world.ts";

/** Whether it was done: false when the person said no. `ask`: undefined where nobody can be asked. */
export async function recoverWhole(
  world: RecoveryWorld,
  options: WholeOptions,
  ask: AskLine | undefined,
): Promise<boolean> {
  if (!options.yes && ask === undefined) {
    throw new RefusedError(
      "recovery.choice",
      "Cannot ask whether to do this: there is no terminal; look at `holdfast recover plan` first, and say --yes",
    );
  }
  const paths = planFolder(options.out);
  const keys = new OfflineKeyFolder(options.keys, world.random);
  let plan = await readPlan(paths);
  if (plan?.state === "published") {
    checkNotDone(paths, plan, options);
    world.output.note(`An earlier recovery is kept in ${await moveAside(paths, world.clock())}`);
    plan = undefined;
  }
  checkSameTheft(paths, plan, options);
  let signed = await readSigned(paths);
  const isBegun = plan !== undefined && isInForce(await readStateToRecover(world.ports), plan);
  // Cut short after that: nothing is planned anew.
  if (signed === undefined && !isBegun) {
    const cards = await keys.makeNew(recoveryNeeds(options.stolen).offline, world.clock());
    const { ceremony, plan: fresh } = await makePlan(quiet(world, options), options, cards);
    // Before anything is signed: what lies there signed is published without another question.
    if (options.good !== undefined && options.choice === undefined) throw notChosen();
    if (fresh.good !== undefined && options.choice !== undefined) {
      await checkChoice((await openGoodCopy(world, fresh.good, false)).ports, options.choice);
    }
    const answer = options.yes ? "yes" : await ask?.("Do this now? [y/N] ");
    if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) {
      world.output.note(
        `Nothing was signed or published. The plan stays in ${paths.folder}; run this again to see it anew and go on.`,
      );
      return false;
    }
    if (ceremony !== undefined) {
      signed = await signAll(ceremony, await keys.readAll());
      await writePlanFile(paths.signed, formatCeremonyFile(signed));
    }
  }
  await publishRecovery(world, {
    config: options.config,
    plan: options.out,
    choice: options.choice ?? (options.good === undefined ? { kind: "none" } : undefined),
    ...(signed !== undefined && { ceremony: paths.signed }),
    isUnfinished: true,
  });
  if (options.stolen.includes("root")) await removeOldRoot(world, options, keys);
  await keys.settle(options.stolen);
  await writePlan(paths, { ...(await readExistingPlan(paths)), state: "published" });
  return true;
}

/** One JSON object is what the end has to say. */
function quiet(world: RecoveryWorld, { json }: WholeOptions): RecoveryWorld {
  return json ? { ...world, output: { ...world.output, print: () => undefined } } : world;
}

/** After a lost connection nobody knows how it ended, and asks again: that must not cost every key a second time. */
function checkNotDone(
  { folder }: PlanFolder,
  { made, stolen }: RecoveryPlan,
  options: WholeOptions,
): void {
  if (options.again || stolen.join() !== options.stolen.join()) return;
  throw new RefusedError(
    "recovery.done",
    `The recovery of ${stolen.join(", ") || "no key"} that was begun at ${made} is done, and nothing was changed now: its report and its bulletin.txt for users are in ${folder}; start the signer again. If they were stolen once more, say --again`,
  );
}

/** Another wish would be answered with what was signed for the first one. */
function checkSameTheft(
  { folder }: PlanFolder,
  plan: RecoveryPlan | undefined,
  { stolen }: WholeOptions,
): void {
  if (plan === undefined || plan.stolen.join() === stolen.join()) return;
  throw new RefusedError(
    "recovery.plan",
    `Cannot go on: in ${folder} lies an unfinished recovery of ${plan.stolen.join(", ") || "no key"}; end that one first, or name another folder with --out`,
  );
}

async function readSigned({ signed }: PlanFolder): Promise<CeremonyFile | undefined> {
  try {
    return parseCeremonyFile(new Uint8Array(await readFile(signed)));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function signAll(
  proposed: CeremonyFile,
  signers: readonly TufSigner[],
): Promise<CeremonyFile> {
  let file = proposed;
  for (const signer of signers) {
    if (rolesOfKey(openCeremony(file), signer.key.keyId).length === 0) continue;
    ({ file } = await addSignature(file, signer));
  }
  return file;
}

/** The second ceremony of a lost root: its old keys go. */
async function removeOldRoot(
  world: RecoveryWorld,
  { config }: WholeOptions,
  keys: OfflineKeyFolder,
): Promise<void> {
  const state = await readStateToRecover(world.ports);
  const old = await keys.oldKeyIds("root", state.offline.root.value.roles.root.keyIds);
  if (old.length === 0) return;
  const policy = ceremonyPolicy(state, config.signer.lifetimes);
  const proposed = proposeRootRemoval(state, old, policy, world.clock());
  const { next } = await signAll(proposed, await keys.readAll());
  const token = await world.store.takeLease(world.holder, world.clock());
  const wish = { castOff: old, offline: next, restored: [] };
  const { after } = await recoverPublication(world.ports, config.signer, token, wish);
  const { version } = after.offline.root.value;
  world.output.say(
    `The old keys of root count for nothing any more. Give users ${version}.root.json of ${world.data.publicTree}/tuf on another way.`,
  );
}
