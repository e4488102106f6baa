/** What a ceremony file says, and whether it is good. */
import type { Command } from "commander";
import { missingSignatures } from "#core/ceremony/signatures.ts";
import { readCeremony } from "./ceremony-world.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import {
  demandLines,
  descriptionJson,
  descriptionLines,
  holdersByKey,
} from "./description-lines.ts";
import { ceremonyExitCodes } from "./exit-codes.ts";
import { judgeCeremony, refusalLines } from "./judged.ts";

const showExamples = `
Example:
  holdfast ceremony show next.ceremony

Exit codes: 0 nothing is wrong with it, 65 it would be refused (the reasons are printed last).`;

export function addShowCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("show")
    .description("what a person reads before signing: all keys, all changes, who has signed")
    .argument("<file>", "a ceremony file")
    .addHelpText("after", showExamples)
    .action((path: string) => show(world(), path));
}

async function show(world: CeremonyWorld, path: string): Promise<void> {
  const now = world.clock();
  const { description, refusals } = judgeCeremony(await readCeremony(path), now);
  world.output.print({ ...descriptionJson(description), refusals }, () => [
    ...descriptionLines(description, now),
    ...(refusals.length === 0 ? [] : ["", "REFUSED: nobody should sign this"]),
    ...refusalLines(refusals),
  ]);
  if (refusals.length > 0) world.endWith(ceremonyExitCodes.refused);
}

const checkExamples = `
Judges the file as clients and the signer will.

Example:
  holdfast ceremony check next.ceremony && holdfast ceremony publish next.ceremony --data DIR

Exit codes: 0 it can be published, 1 signatures are missing, 65 it would be refused.`;

export function addCheckCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("check")
    .description("whether it can be published, and whose signature is missing")
    .argument("<file>", "a ceremony file")
    .addHelpText("after", checkExamples)
    .action((path: string) => check(world(), path));
}

async function check(world: CeremonyWorld, path: string): Promise<void> {
  const file = await readCeremony(path);
  const { ceremony, description, refusals } = judgeCeremony(file, world.clock());
  const isEmpty = Object.keys(file.next).length === 0;
  const missing = missingSignatures(ceremony);
  const good = refusals.length === 0;
  const isComplete = good && missing.length === 0 && !isEmpty;
  const holders = holdersByKey(description.roles);
  world.output.print({ complete: isComplete, hash: description.hash, missing, refusals }, () => [
    ...(good ? [] : ["It would be refused:", ...refusalLines(refusals)]),
    ...(isEmpty ? ["Nothing is proposed in it."] : []),
    ...(missing.length === 0 ? [] : ["Signatures are missing:"]),
    ...missing.flatMap((demand) => demandLines(demand, holders)),
    ...(isComplete ? ["It is complete and can be published."] : []),
  ]);
  if (!good) world.endWith(ceremonyExitCodes.refused);
  else if (!isComplete) world.endWith(ceremonyExitCodes.incomplete);
}
