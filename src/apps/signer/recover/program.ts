/** `holdfast recover`: its words, its world and its end. */
import { systemAskLine } from "#stores/host/ask-line.ts";
import { systemClock } from "#stores/host/clock.ts";
import { systemRandom } from "#stores/host/random.ts";
import { recoverHelp } from "./help.ts";
import { parseRecoverOptions } from "./options.ts";
import { createOutput } from "./output.ts";
import { makePlan, readCards } from "./plan-command.ts";
import { publishRecovery } from "./publish-command.ts";
import { openRecoveryWorld } from "./recovery-world.ts";
import { recoverWhole } from "./whole-command.ts";

export const exitCodeDeclined = 130;

/** The exit code. Throws what `exitCodeOf` knows. */
export async function runRecover(args: readonly string[]): Promise<number> {
  const options = parseRecoverOptions(args);
  if (options.command === "help") {
    process.stdout.write(recoverHelp);
    return 0;
  }
  const output = createOutput(options.json);
  const world = await openRecoveryWorld(options.data, options.config.log.level, {
    clock: systemClock,
    output,
    random: systemRandom,
  });
  try {
    switch (options.command) {
      case "plan":
        await makePlan(world, options, await readCards(options.cards));
        return 0;
      case "publish":
        await publishRecovery(world, options);
        return 0;
      case "whole":
        return (await recoverWhole(world, options, systemAskLine())) ? 0 : exitCodeDeclined;
    }
  } finally {
    await world.close();
  }
}
