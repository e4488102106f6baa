/** What `holdfast recover` was told. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "#formats/config/config.ts";
import type { Config } from "#formats/config/config.ts";
import { FormatError } from "#formats/format-error.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { RestoreChoice } from "#core/recovery/choose-projects.ts";
import { keyOwners, parseStolen } from "#core/recovery/stolen-keys.ts";
import type { KeyOwner } from "#core/recovery/stolen-keys.ts";
import { readConfigFile } from "#stores/host/config-file.ts";

type Common = {
  /** Absolute, as all paths here. */
  readonly data: string;
  readonly config: Config;
  readonly json: boolean;
};

export type PlanOptions = Common & {
  readonly command: "plan";
  readonly stolen: readonly KeyOwner[];
  readonly good?: string;
  /** There is no copy, as the operator says. */
  readonly hasNoCopy: boolean;
  readonly goodRoot?: string;
  readonly out: string;
  /** Cards of new offline keys. */
  readonly cards: readonly { readonly owner: KeyOwner; readonly path: string }[];
  readonly checkFiles: boolean;
};

export type PublishOptions = Common & {
  readonly command: "publish";
  readonly plan: string;
  readonly ceremony?: string;
  /** undefined: nothing was said. */
  readonly choice: RestoreChoice | undefined;
};

export type WholeOptions = Omit<PlanOptions, "command"> & {
  readonly command: "whole";
  /** Where the offline keys lie. */
  readonly keys: string;
  readonly yes: boolean;
  /** Also where a recovery of the same theft is done. */
  readonly again: boolean;
  readonly choice: RestoreChoice | undefined;
};

export type RecoverOptions =
  | PlanOptions
  | PublishOptions
  | WholeOptions
  | { readonly command: "help" };

/** FormatError `options.invalid` or `config.*`. */
export function parseRecoverOptions(args: readonly string[]): RecoverOptions {
  const [first = ""] = args;
  const isNamed = first === "plan" || first === "publish";
  if (!isNamed && first !== "" && !first.startsWith("-")) {
    throw invalid(`there is no "recover ${first}"; it is plan, publish, or neither`);
  }
  const command = isNamed ? first : "whole";
  const values = readArguments(isNamed ? args.slice(1) : args, command);
  if (values.help === true) return { command: "help" };
  const common = {
    data: resolve(values.data),
    config: parseConfig(values.config === undefined ? "" : readConfigFile(values.config)),
    json: values.json ?? false,
  };
  if (command === "publish") {
    const { ceremony, plan } = values;
    if (plan === undefined) throw invalid("--plan names the folder that `recover plan` made");
    return {
      command,
      ...common,
      plan: resolve(plan),
      ...(ceremony !== undefined && { ceremony: resolve(ceremony) }),
      choice: readChoice(values),
    };
  }
  const wish = { ...common, ...readPlanned(values) };
  if (command === "plan") {
    if (values.out === undefined) throw invalid("--out names the folder for the plan");
    return { command, ...wish, out: resolve(values.out) };
  }
  if (values.keys === undefined) {
    throw invalid("say `plan` and `publish`, or name the folder of the offline keys with --keys");
  }
  return {
    command,
    ...wish,
    out: resolve(values.out ?? `${common.data}/recovery`),
    keys: resolve(values.keys),
    yes: values.yes ?? false,
    again: values.again ?? false,
    choice: readChoice(values),
  };
}

type Values = {
  readonly data: string;
  readonly config?: string | undefined;
  readonly stolen?: string | undefined;
  readonly good?: string | undefined;
  readonly "no-copy"?: boolean | undefined;
  readonly "good-root"?: string | undefined;
  readonly out?: string | undefined;
  readonly card?: readonly string[] | undefined;
  readonly "check-files"?: boolean | undefined;
  readonly plan?: string | undefined;
  readonly ceremony?: string | undefined;
  readonly restore?: readonly string[] | undefined;
  readonly "restore-all"?: boolean | undefined;
  readonly "restore-none"?: boolean | undefined;
  readonly keep?: readonly string[] | undefined;
  readonly keys?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly again?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly help?: boolean | undefined;
};

const options = {
  data: { type: "string", default: "holdfast-data" },
  config: { type: "string" },
  stolen: { type: "string" },
  good: { type: "string" },
  "no-copy": { type: "boolean" },
  "good-root": { type: "string" },
  out: { type: "string" },
  card: { type: "string", multiple: true },
  "check-files": { type: "boolean" },
  plan: { type: "string" },
  ceremony: { type: "string" },
  restore: { type: "string", multiple: true },
  "restore-all": { type: "boolean" },
  "restore-none": { type: "boolean" },
  keep: { type: "string", multiple: true },
  keys: { type: "string" },
  yes: { type: "boolean" },
  again: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const everyCommand = ["data", "config", "json", "help"];
const planning = ["stolen", "good", "no-copy", "good-root", "out", "check-files"];
const choosing = ["restore", "restore-all", "restore-none", "keep"];

const takenBy: Readonly<Record<"plan" | "publish" | "whole", readonly string[]>> = {
  plan: [...everyCommand, ...planning, "card"],
  publish: [...everyCommand, ...choosing, "plan", "ceremony"],
  whole: [...everyCommand, ...planning, ...choosing, "keys", "yes", "again"],
};

function readArguments(args: readonly string[], command: keyof typeof takenBy): Values {
  let values: Values;
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  const wrong = Object.keys(values).find((name) => !takenBy[command].includes(name));
  if (wrong === undefined || values.help === true) return values;
  const called = command === "whole" ? "recover without `plan` or `publish`" : `recover ${command}`;
  throw invalid(`${called} takes no --${wrong}`);
}

function readPlanned(
  values: Values,
): Pick<PlanOptions, "cards" | "checkFiles" | "good" | "goodRoot" | "hasNoCopy" | "stolen"> {
  if (values.stolen === undefined) {
    throw invalid("--stolen says whose keys a thief may have; when in doubt, all-online");
  }
  const goodRoot = values["good-root"];
  const { good } = values;
  const hasNoCopy = values["no-copy"] ?? false;
  if (hasNoCopy && good !== undefined) throw invalid("--good and --no-copy contradict");
  return {
    stolen: parseStolen(values.stolen),
    ...(good !== undefined && { good: resolve(good) }),
    hasNoCopy,
    ...(goodRoot !== undefined && { goodRoot: resolve(goodRoot) }),
    cards: (values.card ?? []).map(readCard),
    checkFiles: values["check-files"] ?? false,
  };
}

function readCard(text: string): PlanOptions["cards"][number] {
  const [name = "", ...rest] = text.split("=");
  const owner = keyOwners.find((one) => one === name);
  if (owner !== undefined && rest.length > 0) return { owner, path: resolve(rest.join("=")) };
  throw invalid(`--card takes root=FILE, targets=FILE or claimed=FILE, not "${text}"`);
}

function readChoice(values: Values): RestoreChoice | undefined {
  const { keep, restore } = values;
  const said = [restore, values["restore-all"], values["restore-none"], keep];
  if (said.filter((one) => one !== undefined).length > 1) {
    throw invalid("--restore, --restore-all, --restore-none and --keep exclude each other");
  }
  if (restore !== undefined) return { kind: "only", projects: readProjects(restore) };
  if (keep !== undefined) return { kind: "all-but", projects: readProjects(keep) };
  if (values["restore-all"] === true) return { kind: "all" };
  return values["restore-none"] === true ? { kind: "none" } : undefined;
}

function readProjects(
  texts: readonly string[],
): Extract<RestoreChoice, { kind: "only" }>["projects"] {
  const names = texts.flatMap((text) => text.split(",")).map((name) => name.trim());
  try {
    return new Set(names.map(normaliseProjectName));
  } catch (error) {
    throw error instanceof FormatError ? invalid(error.message) : error;
  }
}

function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
