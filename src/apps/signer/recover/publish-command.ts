/** `holdfast recover publish`: the batch, what it changed, and what users must be told. */
import { closeSync, existsSync, openSync, renameSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate as immediate } from "node:timers/promises";
import { parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import type { Config } from "#formats/config/config.ts";
import type { OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { formatJson } from "#formats/json/format.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { RecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import { RefusedError } from "#core/errors.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import { holderOf, openCeremony } from "#core/ceremony/open-ceremony.ts";
import { missingSignatures } from "#core/ceremony/signatures.ts";
import {
  offlineInForce,
  readStateToRecover,
  recoverPublication,
} from "#core/recovery/recover-publication.ts";
import type { Recovered } from "#core/recovery/recover-publication.ts";
import { checkChoice, chooseProjects } from "#core/recovery/choose-projects.ts";
import type { RestoreChoice } from "#core/recovery/choose-projects.ts";
import type { RestoredProject } from "#core/recovery/restored-project.ts";
import { parseStolen, recoveryNeeds } from "#core/recovery/stolen-keys.ts";
import type { RecoveryNeeds } from "#core/recovery/stolen-keys.ts";
import { openFileCopies } from "#stores/folder/file-copies.ts";
import { readTravellingFile } from "#stores/folder/travelling-file.ts";
import { formatBulletin } from "./bulletin.ts";
import type { Bulletin } from "./bulletin.ts";
import { openGoodCopy } from "./good-copy.ts";
import type { GoodCopy } from "./good-copy.ts";
import {
  planFolder,
  planModes,
  readExistingPlan,
  writePlan,
  writePlanFile,
} from "./plan-folder.ts";
import type { PlanFolder } from "./plan-folder.ts";
import type { RecoveryWorld } from "./recovery-world.ts";
import { differenceJson } from "./report.ts";

export type PublishWish = {
  readonly config: Config;
  readonly plan: string;
  readonly ceremony?: string;
  readonly choice: RestoreChoice | undefined;
  /** Whether more is to be done afterwards. */
  readonly isUnfinished?: boolean;
};

/** Restored projects that are kept for the bulletin; all of them are in `changed.jsonl`. */
const namedMax = 1_000;

export async function publishRecovery(world: RecoveryWorld, wish: PublishWish): Promise<void> {
  const paths = planFolder(wish.plan);
  const plan = await readExistingPlan(paths);
  const needs = recoveryNeeds(plan.stolen.length === 0 ? [] : parseStolen(plan.stolen.join(",")));
  const offline = await readSigned(world, needs, wish);
  const good = plan.good && (await openGoodCopy(world, plan.good, false));
  const choice = choiceOf(good, wish.choice);
  if (good !== undefined) await checkChoice(good.ports, choice);
  const told = new Told(paths);
  let recovered: Recovered;
  try {
    const token = await world.store.takeLease(world.holder, world.clock());
    recovered = await recoverPublication(world.ports, wish.config.signer, token, {
      castOff: plan.castOff,
      offline,
      restored: restoredProjects(world, good, choice, told, needs),
    });
  } finally {
    world.output.progress(undefined);
  }
  if (wish.isUnfinished !== true) await writePlan(paths, { ...plan, state: "published" });
  await tellResult(world, paths, plan, needs, recovered, told, wish.isUnfinished === true);
}

/** Throws RefusedError `recovery.ceremony` for a file that nobody may publish yet, `ceremony.input` for none. */
async function readSigned(
  world: RecoveryWorld,
  needs: RecoveryNeeds,
  { ceremony, plan }: PublishWish,
): Promise<OfflineMetadata> {
  if (needs.ceremony.length === 0) return {};
  if (ceremony === undefined) {
    throw new RefusedError(
      "recovery.ceremony",
      `Cannot publish: ${needs.ceremony.join(", ")} must be signed; name the signed ceremony file with --ceremony (${planFolder(plan).ceremony} is the unsigned one)`,
    );
  }
  const file = await readCeremony(ceremony);
  const state = await readStateToRecover(world.ports);
  // Cut short after the commit: what is in force now is the file's own next.
  if (offlineInForce(state, file.next)) return file.next;
  const [refusal] = checkProposal(file, world.clock());
  if (refusal !== undefined) {
    throw new RefusedError("recovery.ceremony", `Cannot publish ${ceremony}: ${refusal.message}`);
  }
  const opened = openCeremony(file);
  const [missing] = missingSignatures(opened);
  if (missing === undefined) return file.next;
  const { keys, role, signed, threshold } = missing;
  const files = keys === "before" ? (opened.current ?? opened.after) : opened.after;
  const holders = missing.missing.map((keyId) => {
    const name = holderOf(files, role, keyId)?.name ?? "holder unknown";
    return `sha256:${keyId.slice(0, 16)}… ${name}`;
  });
  const whose = keys === "before" ? "the keys it has until now" : "its keys";
  throw new RefusedError(
    "recovery.ceremony",
    `Cannot publish ${ceremony}: ${role} has ${signed.length} of ${threshold} signatures by ${whose}; still to sign: ${holders.join(", ")}`,
  );
}

async function readCeremony(path: string): Promise<CeremonyFile> {
  const bytes = await readTravellingFile(path, ceremonyLimits.fileSizeMax);
  try {
    return parseCeremonyFile(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("recovery.ceremony", `Cannot read ${path}: ${reason}`);
  }
}

function choiceOf(good: GoodCopy | undefined, choice: RestoreChoice | undefined): RestoreChoice {
  if (good === undefined) {
    if (choice === undefined || choice.kind === "none") return { kind: "none" };
    throw new RefusedError("recovery.choice", "Cannot put projects back: the plan has no copy");
  }
  if (choice !== undefined) return choice;
  throw notChosen();
}

export function notChosen(): RefusedError {
  return new RefusedError(
    "recovery.choice",
    "Cannot publish: say what is put back, after reading the plan's report.txt: --restore A,B, --restore-all, --keep A,B or --restore-none",
  );
}

/** What is put back, line by line into a file, and as much of it as a text for users can name. */
class Told {
  readonly #paths: PlanFolder;
  #lines: number | undefined;
  readonly #named: Bulletin["projects"][number][] = [];
  restored = 0;
  kept = 0;
  /** Files on good pages whose bytes are nowhere. */
  readonly missing: string[] = [];
  brought = 0;

  constructor(paths: PlanFolder) {
    this.#paths = paths;
  }

  add(project: Bulletin["projects"][number]): void {
    this.restored += 1;
    if (this.#named.length < namedMax) this.#named.push(project);
    const { difference, project: name } = project;
    const value = jsonObject({
      project: name,
      difference: difference && differenceJson(difference),
    });
    this.#lines ??= openSync(`${this.#paths.changedLines}.part`, "w", planModes.file);
    writeSync(this.#lines, `${Buffer.from(formatJson(value)).toString()}\n`);
  }

  /**
   * Before anything is published: a recovery that is cut short and begun again finds nothing to put back, and the texts
   * of its first run are what is true.
   */
  async finish(needs: RecoveryNeeds, rootVersion: number, now: Date): Promise<void> {
    const { bulletin, changedLines } = this.#paths;
    if (this.#lines === undefined && existsSync(bulletin)) return;
    if (this.#lines !== undefined) {
      closeSync(this.#lines);
      renameSync(`${changedLines}.part`, changedLines);
    }
    const more = this.restored - this.#named.length;
    const projects = this.#named;
    const text = formatBulletin({ needs, now, rootVersion, projects, more, list: changedLines });
    await writePlanFile(bulletin, text);
  }
}

async function* restoredProjects(
  world: RecoveryWorld,
  good: GoodCopy | undefined,
  choice: RestoreChoice,
  told: Told,
  needs: RecoveryNeeds,
): AsyncGenerator<RestoredProject> {
  if (good !== undefined) yield* chosenProjects(world, good, choice, told);
  const { root } = (await readStateToRecover(world.ports)).offline;
  await told.finish(needs, root.value.version, world.clock());
}

async function* chosenProjects(
  world: RecoveryWorld,
  good: GoodCopy,
  choice: RestoreChoice,
  told: Told,
): AsyncGenerator<RestoredProject> {
  const own = openFileCopies(world.data.files);
  const chosen = chooseProjects(good.ports, choice, {
    kept: () => (told.kept += 1),
    fault: ({ reason }) => world.output.note(`Not put back: ${reason}`),
    progress: async ({ done, total }) => {
      world.output.progress("putting back", done, total);
      await immediate();
    },
  });
  for await (const { difference, pair, restored } of chosen) {
    const { project } = pair;
    for (const file of pair.good?.content.files ?? []) {
      if ((await own.look(project, file)) === "whole") continue;
      if ((await good.bringer?.bring(project, file)) === "brought") told.brought += 1;
      else told.missing.push(`${project} ${file.filename}`);
    }
    told.add({ project, difference });
    yield restored;
  }
}

async function tellResult(
  { data, output }: RecoveryWorld,
  paths: PlanFolder,
  plan: RecoveryPlan,
  needs: RecoveryNeeds,
  { after, before, published }: Recovered,
  told: Told,
  isUnfinished: boolean,
): Promise<void> {
  const bulletin = await readFile(paths.bulletin, "utf8");
  const version = (state: Recovered["after"], role: string): number =>
    state.roles.get(role)?.version ?? 0;
  if (!published) output.say("Nothing was left to do: all of it had been published before.");
  else {
    output.say("Published.");
    for (const role of ["root", "targets", "claimed", "snapshot", "timestamp"]) {
      output.say(`  ${role.padEnd(10)} ${version(before, role)} → ${version(after, role)}`);
    }
  }
  output.say(`${told.restored} projects were put back, ${told.kept} that differ were kept.`);
  if (told.brought > 0) output.say(`${told.brought} files were brought from the copy.`);
  for (const file of told.missing) {
    output.say(`Its bytes are nowhere; import the file again: ${file}`);
  }
  if (needs.outOfBand && !isUnfinished) {
    output.say(
      "Root has new keys beside the old ones. Hold a second ceremony at once that takes the old ones away: until then the thief signs roots too.",
    );
  }
  output.say(
    needs.online.length === 0
      ? "Start the signer again."
      : `Start the signer again. The stolen keys that still lie in ${data.onlineKeys} (*.retired.pem) sign for an hour beside the new ones, for clients with an old root in a cache; remove them then.`,
  );
  output.say("");
  output.say(`For users (${paths.bulletin}):`);
  output.say("");
  output.say(bulletin);
  output.print(
    jsonObject({
      published,
      restored: told.restored,
      kept: told.kept,
      brought: told.brought,
      missing: told.missing,
      versions: jsonObject({
        root: version(after, "root"),
        targets: version(after, "targets"),
        claimed: version(after, "claimed"),
        snapshot: version(after, "snapshot"),
        timestamp: version(after, "timestamp"),
      }),
      bulletin: paths.bulletin,
      made: plan.made,
    }),
  );
}
