/** What `holdfast init` and `holdfast renew` were told. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "#formats/config/config.ts";
import type { Config } from "#formats/config/config.ts";
import { isOfflineRole, offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { FormatError } from "#formats/format-error.ts";
import { readConfigFile } from "#stores/host/config-file.ts";

export type InitOptions = {
  readonly command: "init";
  /** Absolute. */
  readonly data: string;
  readonly config: Config;
  readonly rootKeys: number;
  readonly rootThreshold: number;
};

export type RenewOptions = {
  readonly command: "renew";
  /** Absolute. */
  readonly data: string;
  readonly config: Config;
  /** Absolute. Where the offline keys are now; without it, where init put them. */
  readonly keys?: string;
  /** Only what is at half life, or below what clients may have seen. */
  readonly ifDue: boolean;
  readonly roles: readonly OfflineRole[];
};

export type CeremonyOptions = InitOptions | RenewOptions | { readonly command: "help" };

export const help: string = `Usage: holdfast init --data DIR [OPTIONS]
       holdfast renew --data DIR [OPTIONS]

init makes all keys and the first metadata of a new index, once: begun again, it goes on where it
stopped. The online keys (DATA/signer/keys) belong to the signer; the offline keys (DATA/offline)
sign root, targets and claimed, and in production belong on media of their own.

renew signs root, targets and claimed anew with the offline keys and hands them to the running
signer.

  --data DIR           the data folder (default ./holdfast-data)
  --config FILE        a TOML file; [signer.lifetimes] says how long what is signed lives
  --root-keys N        init: how many root keys to make (default 1)
  --root-threshold N   init: how many of them must sign (default 1)
  --keys DIR           renew: where the offline keys are (default DATA/offline)
  --if-due             renew: only what has passed half of its life
  --role ROLE          renew: root, targets or claimed; may be given several times (default all)
  --help

Ends with 0 when it is done or nothing was to do, 64 for a wrong option or configuration, 69 when
the signer cannot be reached, 73 when keys or metadata are missing or unusable, 70 otherwise.
`;

const rootKeysMax = 32;

/** FormatError `options.invalid` or `config.*`. */
export function parseOptions(command: string, args: readonly string[]): CeremonyOptions {
  const values = readArguments(args);
  if (values.help === true) return { command: "help" };
  const data = resolve(values.data);
  const config = parseConfig(values.config === undefined ? "" : readConfigFile(values.config));
  if (command === "init") {
    const rootKeys = readCount(values["root-keys"], "--root-keys");
    const rootThreshold = readCount(values["root-threshold"], "--root-threshold");
    if (rootThreshold > rootKeys) throw invalid("more root keys must sign than there are");
    return { command, data, config, rootKeys, rootThreshold };
  }
  if (command !== "renew") throw invalid(`there is no ceremony "${command}"`);
  const { keys } = values;
  return {
    command,
    data,
    config,
    ...(keys !== undefined && { keys: resolve(keys) }),
    ifDue: values["if-due"] ?? false,
    roles: values.role === undefined ? offlineRoles : values.role.map(readRole),
  };
}

type Values = {
  readonly data: string;
  readonly config?: string | undefined;
  readonly "root-keys": string;
  readonly "root-threshold": string;
  readonly keys?: string | undefined;
  readonly "if-due"?: boolean | undefined;
  readonly role?: readonly string[] | undefined;
  readonly help?: boolean | undefined;
};

function readArguments(args: readonly string[]): Values {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string", default: "holdfast-data" },
        config: { type: "string" },
        "root-keys": { type: "string", default: "1" },
        "root-threshold": { type: "string", default: "1" },
        keys: { type: "string" },
        "if-due": { type: "boolean" },
        role: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function readCount(text: string, option: string): number {
  const count = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= rootKeysMax) return count;
  throw invalid(`${option} takes a number from 1 to ${rootKeysMax}`);
}

function readRole(text: string): OfflineRole {
  if (isOfflineRole(text)) return text;
  throw invalid(`--role takes ${offlineRoles.join(", ")}, not "${text}"`);
}

function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
