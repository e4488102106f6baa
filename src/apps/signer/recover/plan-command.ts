/** `holdfast recover plan`: what is to be done for exactly these keys, what differs, and the ceremony for it. */
import { mkdir } from "node:fs/promises";
import { setImmediate as immediate } from "node:timers/promises";
import { formatInstant } from "#formats/bytes/instant.ts";
import { formatCeremonyFile, parseCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile, CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import { keyCardLimits, parseKeyCard } from "#formats/ceremony/key-card.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { RecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import { RefusedError, TrustError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { ceremonyHash } from "#core/ceremony/ceremony-hash.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { signatureDemands } from "#core/ceremony/signatures.ts";
import type { WorkingState } from "#core/publication/working-state.ts";
import { compareTrees } from "#core/recovery/compare-trees.ts";
import type { ComparedProgress } from "#core/recovery/compare-trees.ts";
import { describeTree } from "#core/recovery/copied-tree.ts";
import { proposeRecovery, stolenKeyIds } from "#core/recovery/propose-recovery.ts";
import { readStateToRecover } from "#core/recovery/recover-publication.ts";
import { keyOwners, recoveryNeeds, recoverySteps } from "#core/recovery/stolen-keys.ts";
import type { KeyOwner, RecoveryNeeds, ThiefReach } from "#core/recovery/stolen-keys.ts";
import { rootsBefore } from "#stores/folder/past-roots.ts";
import { readTravellingFile } from "#stores/folder/travelling-file.ts";
import { openGoodCopy, readGoodRoot } from "./good-copy.ts";
import { makeNextKeys } from "./next-keys.ts";
import type { PlanOptions } from "./options.ts";
import { planFolder, planModes, readPlan, writePlan, writePlanFile } from "./plan-folder.ts";
import type { PlanFolder } from "./plan-folder.ts";
import type { RecoveryWorld } from "./recovery-world.ts";
import { Report, countsJson, countsLine } from "./report.ts";

export type Planned = {
  readonly plan: RecoveryPlan;
  readonly needs: RecoveryNeeds;
  readonly ceremony: CeremonyFile | undefined;
};

type Wish = Omit<PlanOptions, "command">;

const reaches: Readonly<Record<ThiefReach, string>> = {
  nothing: "With these keys alone nobody can be shown anything that is not the index's.",
  freeze: "With these keys users can be held back at an older state; nothing else.",
  mix: "With these keys users can be held back, and be shown old and new metadata mixed.",
  hide: "With these keys files can be taken off pages; no other file can be shown.",
  "unclaimed-files": "With these keys users can be shown other files, of every unclaimed project.",
  "all-files": "With these keys users can be shown other files, of every project.",
  everything: "With these keys users can be shown anything, and can be kept from this recovery.",
};

const nothingCompared = "Nothing was compared: no good copy was named.";

/** Also where a plan is there already: then it is made anew, with the same new keys. */
export async function makePlan(
  world: RecoveryWorld,
  options: Wish,
  newCards: ReadonlyMap<KeyOwner, readonly KeyCard[]>,
): Promise<Planned> {
  const needs = recoveryNeeds(options.stolen);
  checkCopyNamed(needs, options);
  const paths = planFolder(options.out);
  const before = await readPlan(paths);
  const state = await readStateToRecover(world.ports);
  await checkReplaceable(paths, before, state);
  const good = await openCopy(world, options);
  const made = before?.nextKeys ?? new Map<string, string>();
  const { cards, stolen } = await makeNextKeys(world, state, needs.online, made);
  const allCards = new Map<KeyOwner, readonly KeyCard[]>(newCards);
  for (const [name, card] of cards) allCards.set(name, [card]);
  const now = world.clock();
  const ceremony = await proposeCeremony(world, options, state, needs, allCards, now);
  await mkdir(paths.folder, { recursive: true, mode: planModes.folder });
  const report = new Report(paths);
  try {
    sayNeeds(report, needs);
    await compare(world, report, good);
    tell(world, paths, needs, ceremony, report, good !== undefined);
  } finally {
    report.close();
  }
  if (ceremony !== undefined) {
    await writePlanFile(paths.ceremony, formatCeremonyFile(ceremony));
  }
  const castOff = [
    ...stolen,
    ...[...stolenKeyIds(state, options.stolen)].flatMap(([owner, keyIds]) =>
      // Root's old keys go in a second ceremony.
      owner === "root" ? [] : keyIds,
    ),
    ...(before?.castOff ?? []),
  ];
  const plan: RecoveryPlan = {
    made: formatInstant(now),
    stolen: options.stolen,
    castOff: [...new Set(castOff)],
    nextKeys: new Map([...cards].map(([name, { key }]) => [name, key.keyId])),
    ...(good && { good: good.plan }),
    state: "planned",
  };
  await writePlan(paths, plan);
  return { plan, needs, ceremony };
}

/** undefined where the signer can do it alone. */
async function proposeCeremony(
  { data }: RecoveryWorld,
  { config }: Wish,
  state: WorkingState,
  needs: RecoveryNeeds,
  cards: ReadonlyMap<KeyOwner, readonly KeyCard[]>,
  now: Date,
): Promise<CeremonyFile | undefined> {
  if (needs.ceremony.length === 0) return undefined;
  const policy = ceremonyPolicy(state, config.signer.lifetimes);
  const proposed = proposeRecovery(state, needs, cards, policy, now);
  return {
    ...proposed,
    roots: await rootsBefore(state.offline.root.value.version, data.publicTree),
  };
}

/** Throws RefusedError `recovery.plan` where the plan that lies there is more than a plan. */
async function checkReplaceable(
  paths: PlanFolder,
  before: RecoveryPlan | undefined,
  state: WorkingState,
): Promise<void> {
  if (before?.state === "published") {
    throw new RefusedError(
      "recovery.plan",
      `Cannot plan in ${paths.folder}: a recovery that is done lies there; name another folder`,
    );
  }
  if (before !== undefined && isInForce(state, before)) {
    throw new RefusedError(
      "recovery.plan",
      `Cannot plan in ${paths.folder}: what was planned there is in force already; run \`holdfast recover publish --plan ${paths.folder}\`, which does what is left`,
    );
  }
  if (await isSigned(paths)) {
    throw new RefusedError(
      "recovery.plan",
      `Cannot plan anew in ${paths.folder}: its next.ceremony carries signatures, which would be lost. Go on with \`holdfast recover publish\`; or give that plan up and name another folder with --out, where who has signed must sign again, with --instead-of`,
    );
  }
}

/** Whether somebody has signed what is planned here. */
async function isSigned({ ceremony }: PlanFolder): Promise<boolean> {
  try {
    const file = parseCeremonyFile(await readTravellingFile(ceremony, ceremonyLimits.fileSizeMax));
    return signatureDemands(openCeremony(file)).some(({ signed }) => signed.length > 0);
  } catch (error) {
    // None, or nothing that anybody could go on with.
    const isUnreadable =
      error instanceof FormatError || error instanceof RefusedError || error instanceof TrustError;
    if (isUnreadable) return false;
    throw error;
  }
}

/** Whether everything that this plan casts off is cast off. */
export function isInForce(state: WorkingState, { castOff }: RecoveryPlan): boolean {
  const named = new Set([...stolenKeyIds(state, keyOwners).values()].flat());
  return castOff.length > 0 && !castOff.some((keyId) => named.has(keyId));
}

/** Throws RefusedError `ceremony.input` for what is no small file, and as `parseKeyCard` does. */
export async function readCards(
  wished: PlanOptions["cards"],
): Promise<ReadonlyMap<KeyOwner, readonly KeyCard[]>> {
  const cards = new Map<KeyOwner, readonly KeyCard[]>();
  for (const { owner, path } of wished) {
    const card = parseKeyCard(await readTravellingFile(path, keyCardLimits.sizeMax), path);
    cards.set(owner, [...(cards.get(owner) ?? []), card]);
  }
  return cards;
}

/** What is in force stays the least: a recovery is no time to lower a threshold. */
export function ceremonyPolicy(state: WorkingState, lifetimes: Lifetimes): CeremonyPolicy {
  const { root, targets } = state.offline;
  const claimed = targets.value.delegations?.roles?.find(({ name }) => name === "claimed");
  return {
    lifetimes: { root: lifetimes.root, targets: lifetimes.targets, claimed: lifetimes.claimed },
    thresholds: {
      root: root.value.roles.root.threshold,
      targets: root.value.roles.targets.threshold,
      claimed: claimed?.threshold ?? 1,
    },
  };
}

function checkCopyNamed({ compare: isNeeded }: RecoveryNeeds, { good, hasNoCopy }: Wish): void {
  if (!isNeeded || good !== undefined || hasNoCopy) return;
  throw new RefusedError(
    "recovery.copy",
    "Cannot plan: a thief with these keys could change pages, so they must be compared with a copy from before; name it with --good, or say --no-copy",
  );
}

async function openCopy(world: RecoveryWorld, options: Wish) {
  const { checkFiles, good } = options;
  if (good === undefined) return undefined;
  const root = await readGoodRoot(world, options);
  return await openGoodCopy(world, { copy: good, root }, checkFiles);
}

function sayNeeds(report: Report, needs: RecoveryNeeds): void {
  const { stolen } = needs;
  report.say(`Stolen: ${stolen.length === 0 ? "no key" : stolen.join(", ")}`);
  report.say(reaches[needs.reach]);
  report.say();
  report.say("What has to be done:");
  for (const [at, { by, from, text }] of recoverySteps(needs).entries()) {
    report.say(`${String(at + 1).padStart(2)}. ${by}: ${text} (${from})`);
  }
  report.say();
}

async function compare(
  { output }: RecoveryWorld,
  report: Report,
  good: Awaited<ReturnType<typeof openCopy>>,
): Promise<void> {
  if (good === undefined) {
    report.say(nothingCompared);
    return;
  }
  const { root, rootFingerprint, snapshot, timestamp, timestampExpires } = describeTree(
    good.ports.copy,
  );
  report.say(
    `The good copy is ${good.plan.copy}: root ${root} (${rootFingerprint}), snapshot ${snapshot}, timestamp ${timestamp}, which was to be renewed before ${timestampExpires}.`,
  );
  report.say();
  if (good.publicFault !== undefined) {
    report.add({ kind: "fault", where: "public", ...good.publicFault });
  }
  const tellProgress = async ({ done, total }: ComparedProgress): Promise<void> => {
    output.progress("comparing", done, total);
    await immediate();
  };
  for await (const found of compareTrees(good.ports, tellProgress)) {
    report.add(found);
  }
  output.progress(undefined);
  report.say();
  report.say(countsLine(report.counts));
}

function tell(
  { output }: RecoveryWorld,
  paths: PlanFolder,
  needs: RecoveryNeeds,
  ceremony: CeremonyFile | undefined,
  report: Report,
  isCompared: boolean,
): void {
  output.say(reaches[needs.reach]);
  output.say("");
  output.say("What has to be done:");
  for (const [at, { by, text }] of recoverySteps(needs).entries()) {
    output.say(`${String(at + 1).padStart(2)}. ${by}: ${text}`);
  }
  output.say("");
  for (const line of report.firstLines) output.say(line);
  output.say(isCompared ? countsLine(report.counts) : nothingCompared);
  output.say(`All of it: ${paths.reportText}, for programs ${paths.reportLines}`);
  const hash = ceremony && ceremonyHash(openCeremony(ceremony));
  if (hash !== undefined) {
    output.say("");
    output.say(`For the holders of the offline keys: ${paths.ceremony}`);
    output.say(
      `They compare this number before they sign: ${hash.replaceAll(/.{4}(?!$)/g, "$& ")}`,
    );
  }
  output.print(
    jsonObject({
      plan: paths.folder,
      reach: needs.reach,
      steps: recoverySteps(needs).map((step) => jsonObject(step)),
      counts: countsJson(report.counts),
      ceremony: ceremony && paths.ceremony,
      ceremonyHash: hash,
    }),
  );
}
