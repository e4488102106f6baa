/** `admin account …` and `admin token …`. */
import { InvalidArgumentError, Option, type Command } from "commander";
import * as v from "valibot";
import { FormatError } from "#formats/format-error.ts";
import { parseDuration } from "#formats/config/duration.ts";
import type { AdminContext } from "./context.ts";
import { formatTable } from "./output.ts";

const account = v.object({ id: v.string(), name: v.string(), createdAt: v.string() });
const accounts = v.object({ accounts: v.array(account) });

const tokenFields = {
  id: v.string(),
  account: v.string(),
  label: v.string(),
  actions: v.array(v.string()),
  projects: v.nullable(v.array(v.string())),
  createdAt: v.string(),
  expiresAt: v.optional(v.string()),
  revokedAt: v.optional(v.string()),
  live: v.boolean(),
};
const token = v.object(tokenFields);
const tokens = v.object({ tokens: v.array(token) });
const newToken = v.object({ ...tokenFields, token: v.string() });

export function addAccountCommands(program: Command, context: AdminContext): void {
  const command = program.command("account").description("who owns projects and tokens");
  command
    .command("list")
    .description("all accounts")
    .action(
      context.run(async ({ door, output }) => {
        const found = v.parse(accounts, await door.ask("GET", "/v1/accounts"));
        output.print(found.accounts, () =>
          formatTable(
            ["NAME", "SINCE"],
            found.accounts.map(({ name, createdAt }) => [name, createdAt.slice(0, 10)]),
          ),
        );
      }),
    );
  command
    .command("create")
    .description("open an account")
    .argument("<name>", "letters, digits, '.', '_' and '-'")
    .action(
      context.run(async ({ door, output }, name: string) => {
        const made = v.parse(account, await door.ask("POST", "/v1/accounts", { name }));
        output.print(made, () => [`Opened account ${made.name}.`]);
      }),
    );
}

type TokenOptions = {
  readonly account: string;
  readonly label: string;
  readonly allow: readonly string[];
  readonly project?: readonly string[];
  readonly expires?: number;
};

export function addTokenCommands(program: Command, context: AdminContext): void {
  const command = program.command("token").description("what clients authenticate with");
  addTokenList(command, context);
  command
    .command("create")
    .description("make a token; it is shown once")
    .option("--account <name>", "whose it is", "admin")
    .option("--label <text>", "what it is for", "")
    .addOption(
      new Option("--allow <actions...>", "what it may do")
        .choices(["read", "upload", "manage"])
        .default(["read", "upload"]),
    )
    .option("--project <names...>", "the only projects it is for (default: all of its account)")
    .option("--expires <duration>", "how long it is good, such as 90d or 12h", parseLifetime)
    .action(
      context.run(async ({ door, output, now }, options: TokenOptions) => {
        const made = v.parse(
          newToken,
          await door.ask("POST", "/v1/tokens", {
            account: options.account,
            label: options.label,
            actions: options.allow,
            ...(options.project !== undefined && { projects: options.project }),
            ...(options.expires !== undefined && {
              expiresAt: new Date(now().getTime() + options.expires).toISOString(),
            }),
          }),
        );
        output.print(made, () => [made.token]);
        output.note(`Token ${made.id}: user name __token__. It is not shown again.`);
      }),
    );
  command
    .command("revoke")
    .description("end a token at once")
    .argument("<id>", "as `token list` shows it")
    .action(
      context.run(async ({ door, output }, id: string) => {
        const path = `/v1/tokens/${encodeURIComponent(id)}/revoke`;
        const revoked = v.parse(token, await door.ask("POST", path, {}));
        output.print(revoked, () => [`Revoked token ${revoked.id}.`]);
      }),
    );
}

function addTokenList(command: Command, context: AdminContext): void {
  command
    .command("list")
    .description("all tokens, without their secrets")
    .option("--all", "revoked and expired ones too")
    .action(
      context.run(async ({ door, output }, options: { readonly all?: boolean }) => {
        const found = v.parse(tokens, await door.ask("GET", "/v1/tokens"));
        const shown = found.tokens.filter(({ live }) => live || options.all === true);
        output.print(shown, () =>
          formatTable(
            ["ID", "ACCOUNT", "ALLOWS", "PROJECTS", "UNTIL", "LABEL"],
            shown.map((one) => [
              one.id,
              one.account,
              one.actions.join(","),
              one.projects?.join(",") ?? "all",
              one.revokedAt === undefined ? (one.expiresAt?.slice(0, 10) ?? "-") : "revoked",
              one.label,
            ]),
          ),
        );
      }),
    );
}

function parseLifetime(text: string): number {
  try {
    const lifetime = parseDuration(text, "--expires");
    if (lifetime > 0) return lifetime;
    throw new InvalidArgumentError("A token that is over at once is good for nothing.");
  } catch (error) {
    if (error instanceof FormatError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
