/** `holdfast admin …` speaks to a running index; `holdfast restore` works where nothing runs. */
import { CommanderError } from "commander";
import { systemClock } from "#stores/host/clock.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { createAdminProgram, createRestoreProgram } from "./program.ts";

const [command = "admin", ...args] = process.argv.slice(2);
const ending = {
  now: systemClock,
  endWith: (exitCode: number): void => {
    process.exitCode = exitCode;
  },
};
const program = command === "restore" ? createRestoreProgram(ending) : createAdminProgram(ending);
try {
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // It has said it all; help that was asked for is no error.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? ` [${String(error.code)}]` : "";
  process.stderr.write(`holdfast ${command}: ${message}${code}\n`);
  return exitCodeOf(error);
}
