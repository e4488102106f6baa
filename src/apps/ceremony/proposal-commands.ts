/** What shall be signed: the first files, what is in force now, and what shall change. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { formatCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { CeremonyFile, CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import { keyCardLimits, parseKeyCard } from "#formats/ceremony/key-card.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import {
  namedOnlineRoles,
  onlineCardsSizeMax,
  parseOnlineCards,
} from "#formats/ceremony/online-cards.ts";
import type { NamedOnlineRole, OnlineCards } from "#formats/ceremony/online-cards.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import type { CeremonyEdit } from "#core/ceremony/edit.ts";
import {
  holderOf,
  openCeremony,
  openOfflineFiles,
  signersOf,
} from "#core/ceremony/open-ceremony.ts";
import { proposeFirst, proposeNext } from "#core/ceremony/propose.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { rootsBefore } from "#stores/folder/past-roots.ts";
import { readTravellingFile, writeTravellingFile } from "#stores/folder/travelling-file.ts";
import { readConfigFile } from "#stores/host/config-file.ts";
import { readCeremony } from "./ceremony-world.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import { descriptionJson, descriptionLines } from "./description-lines.ts";
import { checkNotRefused, checkProposed, judgeCeremony } from "./judged.ts";
import {
  collect,
  invalid,
  readCount,
  readDate,
  readPolicy,
  readRoleValue,
  readRoles,
  roleValues,
} from "./role-options.ts";
import type { PolicyOptions } from "./role-options.ts";

type CreateOptions = PolicyOptions & {
  readonly root?: readonly string[];
  readonly targets?: readonly string[];
  readonly claimed?: readonly string[];
  readonly threshold?: readonly string[];
  readonly online: string;
  readonly out: string;
  readonly config?: string;
};

const createExamples = `
Needs no network and no private key: the cards of all people, and those of the signer.

Example:
  holdfast ceremony create --root ada.card --root bob.card --root carol.card \\
      --targets ada.card --claimed bob.card --threshold root=2 \\
      --online online.cards --out first.ceremony`;

export function addCreateCommand(program: Command, world: () => CeremonyWorld): void {
  policyOptions(
    program
      .command("create")
      .description("propose the first root, targets and claimed of an index")
      .requiredOption("--root <card>", "the card of a root key; again for each", collect)
      .requiredOption("--targets <card>", "the card of a targets key; again for each", collect)
      .requiredOption("--claimed <card>", "the card of a claimed key; again for each", collect)
      .option(
        "--threshold <role=n>",
        "how many of its keys must sign; needed above one key",
        collect,
      )
      .requiredOption("--online <file>", "the cards of the signer's keys")
      .requiredOption("--out <file>", "where the ceremony file goes"),
  )
    .addHelpText("after", createExamples)
    .action((options: CreateOptions) => create(world(), options));
}

/** Both ways in which a ceremony begins take its policy. */
function policyOptions(command: Command): Command {
  return command
    .option("--lifetime <role=time>", "how long it may live, and does (default 365d each)", collect)
    .option("--least <role=n>", "the least threshold it may have (default: what it has)", collect)
    .option("--config <file>", "take the lifetimes of [signer.lifetimes] from a TOML file");
}

async function create(world: CeremonyWorld, options: CreateOptions): Promise<void> {
  const said = new Map(
    roleValues(options.threshold, "--threshold").map(({ role, value }) => [
      role,
      readCount(value, "--threshold"),
    ]),
  );
  const offlineOf = async (role: OfflineRole) => {
    const cards: KeyCard[] = [];
    for (const path of options[role] ?? []) cards.push(await readCard(path));
    const threshold = said.get(role) ?? (cards.length === 1 ? 1 : undefined);
    if (threshold !== undefined) return { cards, threshold };
    throw invalid(`say with --threshold ${role}=N how many of its ${cards.length} keys must sign`);
  };
  const offline = {
    root: await offlineOf("root"),
    targets: await offlineOf("targets"),
    claimed: await offlineOf("claimed"),
  };
  const { claimed, root, targets } = offline;
  const usual = usualPolicy(options.config, {
    root: root.threshold,
    targets: targets.threshold,
    claimed: claimed.threshold,
  });
  const online = completeCards(await readOnlineCards(options.online));
  const policy = readPolicy(usual, options);
  const file = proposeFirst({ policy, offline, online }, world.clock());
  await writeProposal(world, file, options.out);
}

type CurrentOptions = PolicyOptions & {
  readonly data: string;
  readonly out: string;
  readonly config?: string;
};

const currentExamples = `
Works on the signer's machine, while the signer runs. What it writes is public.

Examples:
  holdfast ceremony current --data /srv/holdfast --out /media/stick/current.ceremony
  holdfast ceremony current --data /srv/holdfast --least root=2 --lifetime root=2y --out c.ceremony`;

export function addCurrentCommand(program: Command, world: () => CeremonyWorld): void {
  policyOptions(
    program
      .command("current")
      .description("take what is in force from the running signer into a ceremony file")
      .option("--data <folder>", "the data folder", "holdfast-data")
      .requiredOption("--out <file>", "where the ceremony file goes"),
  )
    .addHelpText("after", currentExamples)
    .action((options: CurrentOptions) => takeCurrent(world(), options));
}

async function takeCurrent(world: CeremonyWorld, options: CurrentOptions): Promise<void> {
  const data = dataFolder(resolve(options.data));
  const door = world.openDoor(data.signerSocket);
  try {
    const { metadata, nextVersions } = await door.readCurrent();
    const files = openOfflineFiles(metadata);
    const usual = usualPolicy(options.config, {
      root: signersOf(files, "root").threshold,
      targets: signersOf(files, "targets").threshold,
      claimed: signersOf(files, "claimed").threshold,
    });
    const policy = readPolicy(usual, options);
    const roots = await rootsBefore(files.root.value.version, data.publicTree);
    const file = { policy, current: metadata, roots, nextVersions, next: {} };
    await writeProposal(world, file, options.out);
  } finally {
    door.close();
  }
}

type ProposeOptions = {
  readonly renew?: readonly string[];
  readonly addKey?: readonly string[];
  readonly removeKey?: readonly string[];
  readonly threshold?: readonly string[];
  readonly online?: string;
  readonly floor?: readonly string[];
  readonly expires?: readonly string[];
  readonly out: string;
};

const proposeExamples = `
Needs no network and no private key. A role whose keys change is proposed anew by itself, with all
that would not verify beside it any more.

Examples:
  holdfast ceremony propose current.ceremony --renew root,targets,claimed --out next.ceremony
  holdfast ceremony propose current.ceremony --add-key root=dave.card --remove-key root=Carol \\
      --out next.ceremony
  holdfast ceremony propose current.ceremony --threshold root=3 --out next.ceremony
  holdfast ceremony propose current.ceremony --online next.cards --out next.ceremony
  holdfast ceremony propose current.ceremony --renew targets --floor targets=9 --out next.ceremony
  holdfast ceremony propose current.ceremony --expires root=2027-06-30 --out next.ceremony`;

export function addProposeCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("propose")
    .description("propose changes to what is in force")
    .argument("<file>", "what `ceremony current` wrote")
    .option("--renew <roles>", "sign again as it is: root, targets, claimed", collect)
    .option("--add-key <role=card>", "one more key for a role; again for each", collect)
    .option("--remove-key <role=who>", "a key less: a fingerprint, its start, or a name", collect)
    .option("--threshold <role=n>", "how many keys must sign", collect)
    .option("--online <file>", "keys for the signer, as `online-keys --rotate` wrote them")
    .option("--floor <role=n>", "accept no targets or claimed below this version any more", collect)
    .option("--expires <role=date>", "until when it lives", collect)
    .requiredOption("--out <file>", "where the ceremony file goes")
    .addHelpText("after", proposeExamples)
    .action((path: string, options: ProposeOptions) => propose(world(), path, options));
}

async function propose(world: CeremonyWorld, path: string, options: ProposeOptions): Promise<void> {
  const current = await readCeremony(path);
  if (Object.keys(current.next).length > 0) {
    throw invalid(`${path} proposes something already; begin from what \`current\` wrote`);
  }
  const edits = await readEdits(current, options);
  if (edits.length === 0) throw invalid("say what shall change; --help shows how");
  const file = proposeNext(current, edits, world.clock());
  checkProposed(file, "propose this");
  await writeProposal(world, file, options.out);
}

async function readEdits(
  current: CeremonyFile,
  options: ProposeOptions,
): Promise<readonly CeremonyEdit[]> {
  const edits: CeremonyEdit[] = [];
  for (const role of readRoles(options.renew ?? [], "--renew")) edits.push({ kind: "renew", role });
  for (const { role, value } of roleValues(options.addKey, "--add-key")) {
    edits.push({ kind: "add-key", role, card: await readCard(value) });
  }
  for (const { role, value } of roleValues(options.removeKey, "--remove-key")) {
    edits.push({ kind: "remove-key", role, keyId: findKey(current, role, value) });
  }
  for (const { role, value } of roleValues(options.threshold, "--threshold")) {
    edits.push({ kind: "threshold", role, threshold: readCount(value, "--threshold") });
  }
  const cards = options.online === undefined ? {} : await readOnlineCards(options.online);
  for (const name of namedOnlineRoles) {
    const card = cards[name];
    if (card !== undefined) edits.push({ kind: "online-key", name, card });
  }
  for (const text of options.floor ?? []) {
    const { role, value } = readRoleValue(text, "--floor");
    if (role === "root") throw invalid("--floor takes targets=N or claimed=N");
    edits.push({ kind: "floor", role, version: readCount(value, "--floor") });
  }
  for (const { role, value } of roleValues(options.expires, "--expires")) {
    edits.push({ kind: "expires", role, expires: readDate(value, "--expires") });
  }
  return edits;
}

/** By fingerprint, by eight or more of its first digits, or by the holder's name. */
function findKey(file: CeremonyFile, role: OfflineRole, who: string): string {
  const { after } = openCeremony(file);
  const start = who.replace(/^sha256:/, "").toLowerCase();
  const isStart = /^[0-9a-f]{8,64}$/.test(start);
  const found = signersOf(after, role).keyIds.filter(
    (keyId) => (isStart && keyId.startsWith(start)) || holderOf(after, role, keyId)?.name === who,
  );
  const [keyId] = found;
  if (keyId !== undefined && found.length === 1) return keyId;
  const count = found.length === 0 ? "no key" : `${found.length} keys`;
  throw invalid(`${role} has ${count} of "${who}"; \`ceremony show\` lists them`);
}

/** Judged first: what would be refused by whoever signs is not even written. */
async function writeProposal(world: CeremonyWorld, file: CeremonyFile, out: string): Promise<void> {
  const now = world.clock();
  const { description, refusals } = judgeCeremony(file, now);
  checkNotRefused(refusals, "propose this");
  await writeTravellingFile(resolve(out), formatCeremonyFile(file));
  world.output.print({ out: resolve(out), ...descriptionJson(description) }, () => [
    ...descriptionLines(description, now),
    "",
    `Written: ${resolve(out)}`,
  ]);
}

function usualPolicy(
  config: string | undefined,
  thresholds: CeremonyPolicy["thresholds"],
): CeremonyPolicy {
  const { lifetimes } = parseConfig(config === undefined ? "" : readConfigFile(config)).signer;
  const { claimed, root, targets } = lifetimes;
  return { lifetimes: { root, targets, claimed }, thresholds };
}

async function readCard(path: string): Promise<KeyCard> {
  return parseKeyCard(await readTravellingFile(path, keyCardLimits.sizeMax), path);
}

async function readOnlineCards(path: string): Promise<OnlineCards> {
  return parseOnlineCards(await readTravellingFile(path, onlineCardsSizeMax));
}

function completeCards(cards: OnlineCards): Readonly<Record<NamedOnlineRole, KeyCard>> {
  const card = (name: NamedOnlineRole): KeyCard => {
    const found = cards[name];
    if (found !== undefined) return found;
    throw invalid(`the signer's cards have none for ${name}; a first ceremony needs all of them`);
  };
  return {
    timestamp: card("timestamp"),
    snapshot: card("snapshot"),
    deny: card("deny"),
    "recently-claimed": card("recently-claimed"),
    unclaimed: card("unclaimed"),
  };
}
