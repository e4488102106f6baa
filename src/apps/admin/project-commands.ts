/** `admin project …`. */
import type { Command } from "commander";
import * as v from "valibot";
import type { AdminContext, CommandWorld } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTable } from "./output.ts";

const projectFields = {
  name: v.string(),
  status: v.string(),
  statusReason: v.optional(v.string()),
  createdAt: v.string(),
};
const projects = v.object({ projects: v.array(v.object(projectFields)), more: v.boolean() });
const member = v.object({ accountName: v.string(), role: v.string() });
const members = v.object({ members: v.array(member) });
const file = v.looseObject({
  filename: v.string(),
  version: v.string(),
  size: v.number(),
  uploadTime: v.string(),
  state: v.string(),
  yanked: v.union([v.boolean(), v.string()]),
});
const project = v.looseObject({ ...projectFields, members: v.array(member), files: v.array(file) });
const result = v.object({
  project: v.string(),
  changes: v.array(
    v.object({ id: v.string(), filename: v.optional(v.string()), outcome: v.string() }),
  ),
});

export function addProjectCommands(program: Command, context: AdminContext): void {
  const command = program.command("project").description("projects, their members and files");
  addReading(command, context);
  addMembers(command, context);
  addFileVerbs(command, context);
  addStatusVerbs(command, context);
}

function addReading(command: Command, context: AdminContext): void {
  command
    .command("list")
    .description("projects by name")
    .argument("[search]", "part of the name")
    .action(
      context.run(async ({ door, output }, search: string | undefined) => {
        const all: v.InferOutput<typeof projects>["projects"] = [];
        for (let after = "", more = true; more; after = all.at(-1)?.name ?? "") {
          const query = new URLSearchParams({ search: search ?? "", after });
          const found = v.parse(
            projects,
            await door.ask("GET", `/v1/projects?${query.toString()}`),
          );
          all.push(...found.projects);
          ({ more } = found);
        }
        output.print(all, () =>
          formatTable(
            ["NAME", "STATUS", "SINCE"],
            all.map(({ name, status, createdAt }) => [name, status, createdAt.slice(0, 10)]),
          ),
        );
      }),
    );
  command
    .command("show")
    .description("one project: members and files")
    .argument("<project>")
    .action(
      context.run(async ({ door, output }, name: string) => {
        const found = v.parse(project, await door.ask("GET", pathOf(name)));
        output.print(found, () => [
          `${found.name}  ${found.status}${found.statusReason === undefined ? "" : ` (${found.statusReason})`}`,
          "",
          ...formatTable(
            ["MEMBER", "ROLE"],
            found.members.map(({ accountName, role }) => [accountName, role]),
          ),
          "",
          ...formatTable(
            ["FILE", "SIZE", "UPLOADED", "STATE"],
            found.files.map((one) => [
              one.filename,
              String(one.size),
              one.uploadTime.slice(0, 16),
              one.yanked === false ? one.state : `${one.state}, yanked`,
            ]),
          ),
        ]);
      }),
    );
}

function addMembers(command: Command, context: AdminContext): void {
  const write = async (
    { door, output }: CommandWorld,
    name: string,
    account: string,
    role: string | null,
  ): Promise<void> => {
    const path = `${pathOf(name)}/members`;
    const after = v.parse(members, await door.ask("PUT", path, { account, role }));
    output.print(after.members, () =>
      formatTable(
        ["MEMBER", "ROLE"],
        after.members.map((one) => [one.accountName, one.role]),
      ),
    );
    if (after.members.length === 0) output.note(`Nobody can upload to ${name} now.`);
  };
  command
    .command("add-member")
    .description("let an account upload (maintainer) or manage (owner)")
    .argument("<project>")
    .argument("<account>")
    .option("--owner", "owners also delete, archive and choose members")
    .action(
      context.run((world, name: string, account: string, options: { readonly owner?: boolean }) =>
        write(world, name, account, options.owner === true ? "owner" : "maintainer"),
      ),
    );
  command
    .command("remove-member")
    .description("take an account out of a project")
    .argument("<project>")
    .argument("<account>")
    .action(
      context.run((world, name: string, account: string) => write(world, name, account, null)),
    );
}

type FileOptions = {
  readonly version?: string;
  readonly file?: string;
  readonly reason?: string;
  readonly purge?: boolean;
};

function addFileVerbs(command: Command, context: AdminContext): void {
  const add = (verb: string, description: string): Command =>
    command
      .command(verb)
      .description(description)
      .argument("<project>")
      .option("--version <version>", "all files of this version")
      .option("--file <filename>", "this file alone")
      .action(
        context.run((world, name: string, options: FileOptions) => {
          const { version, file: filename, reason, purge } = options;
          return manage(world, name, verb, { version, filename, reason, purge });
        }),
      );
  add("yank", "installers take it only when asked for exactly it").option(
    "--reason <text>",
    "one line, shown by installers",
  );
  add("unyank", "take a yank back");
  add("delete", "off the page; its name stays taken for ever").option(
    "--purge",
    "remove the bytes here too",
  );
}

function addStatusVerbs(command: Command, context: AdminContext): void {
  const verbs = [
    ["archive", "no new files; what is there stays"],
    ["unarchive", "take new files again"],
    ["quarantine", "offer no files and take none"],
    ["unquarantine", "offer its files again"],
    ["deprecate", "say that it should not be used any more"],
  ] as const;
  for (const [verb, description] of verbs) {
    command
      .command(verb)
      .description(description)
      .argument("<project>")
      .option("--reason <text>", "one line, shown on the page")
      .action(
        context.run((world, name: string, options: { readonly reason?: string }) =>
          manage(world, name, verb, { reason: options.reason }),
        ),
      );
  }
}

const pastOf: ReadonlyMap<string, string> = new Map([
  ["yank", "Yanked"],
  ["unyank", "No longer yanked"],
  ["delete", "Deleted"],
  ["archive", "Archived"],
  ["unarchive", "No longer archived"],
  ["quarantine", "Quarantined"],
  ["unquarantine", "No longer quarantined"],
  ["deprecate", "Deprecated"],
]);

async function manage(
  { door, endWith, output }: CommandWorld,
  name: string,
  verb: string,
  body: object,
): Promise<void> {
  const done = v.parse(result, await door.ask("POST", `${pathOf(name)}/${verb}`, body));
  output.print(done, () =>
    done.changes.map(({ filename, outcome, id }) => {
      const what = filename ?? `project ${done.project}`;
      const said = pastOf.get(verb) ?? verb;
      return outcome === "published"
        ? `${said}: ${what}`
        : `${said}, but not published yet: ${what} (change ${id})`;
    }),
  );
  if (done.changes.some(({ outcome }) => outcome !== "published")) {
    output.note("Recorded, but the signer has not published it yet. It will be as soon as it can.");
    endWith(exitCodes.done);
  }
}

function pathOf(name: string): string {
  return `/v1/projects/${encodeURIComponent(name)}`;
}
