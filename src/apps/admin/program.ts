/** The commands of `holdfast admin`, and `holdfast restore`. */
import { resolve } from "node:path";
import { Command } from "commander";
import type { Clock } from "#core/ports.ts";
import { addAccountCommands, addTokenCommands } from "./account-commands.ts";
import { createContext, type GlobalOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { addBackupCommand, addImportCommand, addStatusCommand } from "./folder-commands.ts";
import { createOutput, formatBar, formatCount } from "./output.ts";
import { addProjectCommands } from "./project-commands.ts";
import { restoreBackup, type RestoreReport } from "./restore.ts";

const adminExamples = `
Examples:
  holdfast admin token create --label ci --allow upload --project my-app --expires 90d
  holdfast admin token list
  holdfast admin token revoke 3f6c0a9be1d24c77
  holdfast admin account create bob && holdfast admin project add-member my-app bob
  holdfast admin project yank my-app --version 1.2 --reason "broken on Windows"
  holdfast admin project delete my-app --file my_app-1.2-py3-none-any.whl --purge
  holdfast admin import ./wheelhouse
  holdfast admin backup /backups/2026-11-21

Exit codes: 0 done, 1 the index refused (or refused some files), 64 wrong use, 69 the index or its
signer does not answer, 70 failed, 73 a folder cannot be used.`;

const restoreExamples = `
Stop index, signer and proxy first. Keys are in no backup: put them back where they were.

Example:
  holdfast restore /backups/2026-11-21 --data ./holdfast-data

Exit codes: 0 restored, 1 some files of the backup are damaged and were left out, 64 wrong use,
70 failed, 73 a folder cannot be used, 75 a program still works on the data folder.`;

type Ending = { readonly now: Clock; readonly endWith: (exitCode: number) => void };

export function createAdminProgram({ now, endWith }: Ending): Command {
  const program = newCommand("holdfast admin")
    .description("accounts, tokens, projects, import and backup of a running index")
    .option("--data <folder>", "the data folder", "holdfast-data")
    .option("--json", "print JSON")
    .addHelpText("after", adminExamples);
  const readGlobals = (): GlobalOptions => {
    const { data, json } = program.opts<{ data: string; json?: boolean }>();
    return { data: resolve(data), json: json === true };
  };
  const context = createContext(readGlobals, now, endWith);
  addStatusCommand(program, context);
  addAccountCommands(program, context);
  addTokenCommands(program, context);
  addProjectCommands(program, context);
  addImportCommand(program, context);
  addBackupCommand(program, context);
  acceptGlobalsEverywhere(program, program);
  return program;
}

export function createRestoreProgram({ now, endWith }: Ending): Command {
  return newCommand("holdfast restore")
    .description("bring a backup back into a data folder in which nothing runs")
    .argument("<backup>", "the folder that `admin backup` made")
    .option("--data <folder>", "the data folder", "holdfast-data")
    .option("--replace", "move databases that are there aside")
    .option("--json", "print JSON")
    .addHelpText("after", restoreExamples)
    .action(
      async (backup: string, options: { data: string; replace?: boolean; json?: boolean }) => {
        const output = createOutput(options.json === true);
        const report = await restoreBackup({
          backup: resolve(backup),
          data: resolve(options.data),
          replace: options.replace === true,
          now: now(),
          onProgress: (done, total) => output.progress(formatBar(done, total)),
        });
        output.progress(undefined);
        output.print(report, () => [
          restoredSentence(resolve(options.data), report),
          ...report.movedAside.map((path) => `Kept what was there: ${path}`),
          ...report.damaged.map((path) => `Damaged in the backup, left out: ${path}`),
        ]);
        if (!report.hasOnlineKeys)
          output.note("The online keys are not there: put them back before you start.");
        output.note(
          "Once it runs, `holdfast renew --keys FOLDER` with the offline keys (`up` does it where they lie in the data folder): a proxy that saw newer offline roles refuses this index until then.",
        );
        if (report.damaged.length > 0) endWith(exitCodes.refused);
      },
    );
}

function restoredSentence(data: string, { databases, files, present }: RestoreReport): string {
  const known = present === 0 ? "" : `, ${formatCount(present, "file")} there already`;
  const what = `${formatCount(databases, "database")}, ${formatCount(files, "file")}${known}`;
  return `Restored into ${data}: ${what}.`;
}

function newCommand(name: string): Command {
  return new Command(name)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows how)")
    .configureHelp({ sortSubcommands: false });
}

/** `--data` and `--json` may stand anywhere on the line, as people write them. */
function acceptGlobalsEverywhere(program: Command, command: Command): void {
  for (const below of command.commands) {
    if (below.commands.length === 0) {
      below.option("--data <folder>", "the data folder").option("--json", "print JSON");
      below.hook("preAction", (_this, action) => {
        const { data, json } = action.opts<{ data?: string; json?: boolean }>();
        if (data !== undefined) program.setOptionValue("data", data);
        if (json !== undefined) program.setOptionValue("json", json);
      });
    }
    acceptGlobalsEverywhere(program, below);
  }
}
