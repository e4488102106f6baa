/** What `holdfast signer` was told. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "#formats/config/config.ts";
import type { Config } from "#formats/config/config.ts";
import { FormatError } from "#formats/format-error.ts";
import { readConfigFile } from "#stores/host/config-file.ts";

export type SignerOptions = {
  /** Absolute. */
  readonly data: string;
  readonly config: Config;
  readonly readyFile?: string;
};

export const help: string = `Usage: holdfast signer --data DIR [OPTIONS]

Signs what the index publishes: takes changes at DATA/run/signer.sock, decides from its own
database, makes pages and TUF metadata, and writes them to DATA/public. Holds the online keys
(DATA/signer/keys) and no others.

  --data DIR           the data folder (default ./holdfast-data)
  --config FILE        a TOML file; [signer] and [log] concern this program
  --ready-file FILE    appears once the signer takes changes
  --help

Ends with 0 when asked to, 64 for a wrong option or configuration, 70 when it could not go on, 73
when keys or first metadata are missing or unusable, 75 when another signer works on the data
folder.
`;

/** FormatError `options.invalid` or `config.*`. */
export function parseOptions(args: readonly string[]): SignerOptions | "help" {
  const { config, data, help: isHelp, "ready-file": readyFile } = readArguments(args);
  if (isHelp === true) return "help";
  return {
    data: resolve(data),
    config: parseConfig(config === undefined ? "" : readConfigFile(config)),
    ...(readyFile !== undefined && { readyFile: resolve(readyFile) }),
  };
}

function readArguments(args: readonly string[]): {
  readonly data: string;
  readonly config?: string | undefined;
  readonly "ready-file"?: string | undefined;
  readonly help?: boolean | undefined;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string", default: "holdfast-data" },
        config: { type: "string" },
        "ready-file": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(error: unknown): FormatError {
  const reason = error instanceof Error ? error.message : String(error);
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
