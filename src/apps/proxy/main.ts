/** `holdfast proxy`, `run`, `status` and `verify`: the only place where the proxy meets the real process. */
import { createLife } from "#stores/host/life.ts";
import type { Life } from "#stores/host/life.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { proxyHelp, runHelp, statusHelp, verifyHelp } from "./help.ts";
import {
  parseProxyOptions,
  parseRunOptions,
  parseStatusOptions,
  parseVerifyOptions,
} from "./options.ts";
import { runProxy } from "./proxy-command.ts";
import { runCommand } from "./run-command.ts";
import { showStatus } from "./status-command.ts";
import { verifyFiles } from "./verify-command.ts";

const [, , command = "proxy", ...args] = process.argv;

/** The exit code, or undefined when the program stays until it is ended. */
async function main(life: Life): Promise<number | undefined> {
  switch (command) {
    case "run": {
      const options = parseRunOptions(args);
      return options === "help" ? showHelp(runHelp) : await runCommand(options, life);
    }
    case "status": {
      const options = parseStatusOptions(args);
      return options === "help" ? showHelp(statusHelp) : await showStatus(options, new Date());
    }
    case "verify": {
      const options = parseVerifyOptions(args);
      return options === "help" ? showHelp(verifyHelp) : await verifyFiles(options);
    }
    default: {
      const options = parseProxyOptions(args);
      if (options === "help") return showHelp(proxyHelp);
      await runProxy(options, life);
      return undefined;
    }
  }
}

function showHelp(text: string): number {
  process.stdout.write(text);
  return exitCodes.asked;
}

/** `run` passes signals on to its command and ends with it, so it does not end by itself because of one. */
const life =
  command === "run"
    ? createLife({
        host: {
          onSignal: () => undefined,
          exit: (code) => process.exit(code),
          monotonicMs: () => performance.now(),
          warn: (message) => void process.stderr.write(`${message}\n`),
        },
      })
    : createLife();
try {
  const exitCode = await main(life);
  if (exitCode !== undefined) await life.stop(exitCode);
} catch (error) {
  if (!life.stopping.aborted) {
    const sentence = error instanceof Error ? error.message : String(error);
    process.stderr.write(`holdfast ${command}: ${sentence}\n`);
  }
  await life.stop(exitCodeOf(error));
}
