/** The commands of `holdfast ceremony`. */
import { Command, CommanderError } from "commander";
import { terminalText } from "#formats/bytes/terminal-text.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import { ceremonyExitCode, ceremonyExitCodes } from "./exit-codes.ts";
import { addKeyCommand, addOnlineKeysCommand } from "./key-commands.ts";
import { createOutput } from "./output.ts";
import type { Streams } from "./output.ts";
import { addPassphraseCommand } from "./passphrase-command.ts";
import { addCreateCommand, addCurrentCommand, addProposeCommand } from "./proposal-commands.ts";
import { addPublishCommand } from "./publish-command.ts";
import { addCheckCommand, addShowCommand } from "./reading-commands.ts";
import { addCombineCommand, addSignCommand } from "./signing-commands.ts";

const examples = `
A first ceremony: key (each person), online-keys (the signer's machine), create, show, sign (each
person), combine, check, publish. A later one: current (the signer's machine), propose, show, sign,
combine, check, publish. docs/guides/ceremonies.md walks through both.

Exit codes: 0 done, 1 signatures are missing (check), 64 wrong use, 65 refused, 69 the signer does
not answer, 70 failed, 73 a key cannot be used.`;

/** What the program ends with. It throws nothing: everything is said on the streams. */
export async function runCeremony(
  args: readonly string[],
  world: Omit<CeremonyWorld, "endWith" | "output">,
  streams: Streams,
): Promise<number> {
  let exitCode: number = ceremonyExitCodes.done;
  const endWith = (code: number): void => {
    exitCode = code;
  };
  try {
    await createProgram({ ...world, endWith }, streams).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has said it all; help that was asked for is no error.
      return error.exitCode === 0 ? ceremonyExitCodes.done : ceremonyExitCodes.usage;
    }
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? ` [${String(error.code)}]` : "";
    streams.err(`holdfast ceremony: ${terminalText(message)}${code}\n`);
    return ceremonyExitCode(error);
  }
}

function createProgram(world: Omit<CeremonyWorld, "output">, streams: Streams): Command {
  const program = new Command("holdfast ceremony")
    .description("offline keys held by several people: propose, show, sign, combine, publish")
    .option("--json", "print JSON")
    .exitOverride()
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows how)")
    .configureHelp({ sortSubcommands: false })
    .addHelpText("after", examples);
  const opened = (): CeremonyWorld => {
    const isJson = program.opts<{ json?: boolean }>().json === true;
    return { ...world, output: createOutput(isJson, streams) };
  };
  addKeyCommand(program, opened);
  addPassphraseCommand(program, opened);
  addOnlineKeysCommand(program, opened);
  addCreateCommand(program, opened);
  addCurrentCommand(program, opened);
  addProposeCommand(program, opened);
  addShowCommand(program, opened);
  addSignCommand(program, opened);
  addCombineCommand(program, opened);
  addCheckCommand(program, opened);
  addPublishCommand(program, opened);
  for (const command of program.commands) {
    // It may stand anywhere on the line, as people write it.
    command.option("--json", "print JSON").hook("preAction", (_this, action) => {
      if (action.opts<{ json?: boolean }>().json === true) program.setOptionValue("json", true);
    });
  }
  return program;
}
