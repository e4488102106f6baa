/** `admin import`, `admin backup`, `admin status`. */
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import * as v from "valibot";
import type { AdminContext, CommandWorld } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatBar, formatCount } from "./output.ts";

const importLine = v.variant("kind", [
  v.object({ kind: v.literal("found"), files: v.number(), ignored: v.number() }),
  v.object({
    kind: v.literal("file"),
    path: v.string(),
    result: v.picklist(["imported", "present", "refused"]),
    code: v.optional(v.string()),
    message: v.optional(v.string()),
  }),
  v.object({
    kind: v.literal("done"),
    imported: v.number(),
    present: v.number(),
    refused: v.number(),
  }),
]);

type Refused = { readonly path: string; readonly code: string; readonly message: string };

export function addImportCommand(program: Command, context: AdminContext): void {
  program
    .command("import")
    .description(
      "take in a folder of wheels and sdists; run it again to go on where it was cut short",
    )
    .argument("<folder>", "on the index's machine, readable by the index")
    .option("--account <name>", "who owns the projects that are new", "admin")
    .addOption(
      new Option(
        "--upload-time <when>",
        "what the pages say: when imported, or the file's own time",
      )
        .choices(["now", "modified"])
        .default("now"),
    )
    .action(
      context.run(
        (
          world,
          folder: string,
          options: { readonly account: string; readonly uploadTime: string },
        ) => runImport(world, { folder: resolve(folder), ...options }),
      ),
    );
}

async function runImport(
  { door, endWith, output }: CommandWorld,
  wish: { readonly folder: string; readonly account: string; readonly uploadTime: string },
): Promise<void> {
  const refused: Refused[] = [];
  let total = 0;
  let done = 0;
  let counts = { imported: 0, present: 0, refused: 0 };
  await door.follow("/v1/import", wish, (raw) => {
    const line = v.parse(importLine, raw);
    if (line.kind === "found") {
      total = line.files;
      if (line.ignored > 0) {
        output.note(`Passed over ${formatCount(line.ignored, "other file")}: no wheel or sdist.`);
      }
    } else if (line.kind === "done") {
      const { kind: _kind, ...rest } = line;
      counts = rest;
    } else {
      done += 1;
      if (line.result === "refused") {
        refused.push({ path: line.path, code: line.code ?? "", message: line.message ?? "" });
      }
      output.progress(`${formatBar(done, total)} ${line.path}`);
    }
  });
  output.progress(undefined);
  output.print({ ...counts, refusedFiles: refused }, () => [
    `${counts.imported} imported, ${counts.present} there already, ${counts.refused} refused.`,
    ...refused.map(({ path, code, message }) => `refused  ${path}: ${message} [${code}]`),
  ]);
  if (refused.length > 0) endWith(exitCodes.refused);
}

const backupLine = v.variant("kind", [
  v.object({ kind: v.literal("step"), step: v.string() }),
  v.object({ kind: v.literal("done"), files: v.number(), signer: v.boolean() }),
]);

export function addBackupCommand(program: Command, context: AdminContext): void {
  program
    .command("backup")
    .description("a consistent copy while everything runs: databases and files, no keys")
    .argument("<folder>", "empty or not there yet, on the index's machine")
    .option("--without-signer", "for a signer on another machine, which is backed up there")
    .action(
      context.run(
        async ({ door, output }, folder: string, options: { readonly withoutSigner?: boolean }) => {
          const target = resolve(folder);
          let files = 0;
          const withoutSigner = options.withoutSigner === true;
          await door.follow("/v1/backup", { folder: target, withoutSigner }, (raw) => {
            const line = v.parse(backupLine, raw);
            if (line.kind === "step") output.progress(`backing up: ${line.step}`);
            else ({ files } = line);
          });
          output.progress(undefined);
          output.print({ folder: target, files, signer: !withoutSigner }, () => [
            `Backed up to ${target}: ${formatCount(withoutSigner ? 1 : 2, "database")}, ${formatCount(files, "file")}.`,
          ]);
          output.note("Keys are in no backup. Keep copies of them apart, offline ones offline.");
        },
      ),
    );
}

const status = v.looseObject({
  name: v.string(),
  private: v.boolean(),
  publicUrl: v.optional(v.string()),
  catalogue: v.object({ projects: v.number(), files: v.number(), size: v.number() }),
  outbox: v.number(),
  signer: v.nullable(v.looseObject({ serial: v.number(), rootFingerprint: v.string() })),
});

export function addStatusCommand(program: Command, context: AdminContext): void {
  program
    .command("status")
    .description("what the index holds, and whether its signer answers")
    .action(
      context.run(async ({ door, output }) => {
        const found = v.parse(status, await door.ask("GET", "/v1/status"));
        const { catalogue, signer } = found;
        output.print(found, () => [
          `name      ${found.name}${found.private ? " (private)" : ""}`,
          ...(found.publicUrl === undefined ? [] : [`address   ${found.publicUrl}`]),
          `holds     ${formatCount(catalogue.projects, "project")}, ${formatCount(catalogue.files, "file")}, ${formatCount(catalogue.size, "byte")}`,
          `waiting   ${formatCount(found.outbox, "change")} for the signer`,
          signer === null
            ? "signer    does not answer"
            : `signer    answers, at serial ${signer.serial}, root ${signer.rootFingerprint}`,
        ]);
      }),
    );
}
