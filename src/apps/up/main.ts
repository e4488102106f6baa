/**
 * `holdfast up`: index, signer and proxy as three processes on one data folder. Makes what they need on first use,
 * brings expired metadata up to date, starts one after the other as each is ready, and ends them all when one ends or
 * somebody asks. Does none of their work itself, and holds no key.
 */
import { createLife } from "#stores/host/life.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { help, parseOptions } from "./options.ts";
import { runEverything } from "./supervisor.ts";

const life = createLife({ stopMsMax: 30_000 });
try {
  const options = parseOptions(process.argv.slice(3));
  if (options === "help") {
    process.stdout.write(help);
    await life.stop(0);
  } else {
    await runEverything(options, life);
  }
} catch (error) {
  // While it ends, programs that were about to start end too: that is no news.
  if (!life.stopping.aborted) {
    process.stderr.write(
      `holdfast up: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
  await life.stop(exitCodeOf(error));
}
