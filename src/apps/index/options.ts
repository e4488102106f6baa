/** What `holdfast index` was told: options win over the configuration file, which wins over the defaults. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig, type Config } from "#formats/config/config.ts";
import { parseWebAddress } from "#formats/config/web-address.ts";
import { FormatError } from "#formats/format-error.ts";
import { readConfigFile } from "#stores/host/config-file.ts";

export type IndexOptions = {
  /** Absolute. */
  readonly data: string;
  readonly config: Config;
  readonly readyFile?: string;
};

export const help: string = `Usage: holdfast index --data DIR [OPTIONS]

The web service: takes uploads, serves pages, files and signed metadata. Holds no key; what it
publishes is signed by the signer, which it reaches at DATA/run/signer.sock. \`holdfast admin\`
speaks to it at DATA/run/index-admin.sock.

  --data DIR           the data folder (default ./holdfast-data)
  --host HOST          the address it listens on (default 127.0.0.1)
  --port N             its port, 0 for any free one (default 8470)
  --public-url URL     how others reach it, where a web server stands in front
  --private            reading needs a token too
  --config FILE        a TOML file; [index] and [log] concern this program, options win;
                       the pages name the port of [proxy]
  --ready-file FILE    appears, with its addresses as JSON, once it takes requests
  --help

Ends with 0 when asked to (SIGTERM, Ctrl-C), 64 for a wrong option or configuration, 69 when the
port is taken, 70 when something else went wrong, 73 when the data folder cannot be used, 75 when
another index works on it.
`;

const options = {
  data: { type: "string", default: "holdfast-data" },
  host: { type: "string" },
  port: { type: "string" },
  "public-url": { type: "string" },
  private: { type: "boolean" },
  config: { type: "string" },
  "ready-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

/** FormatError `options.invalid` or `config.*`; "help" where that is what was asked for. */
export function parseOptions(args: readonly string[]): IndexOptions | "help" {
  const values = readValues(args);
  if (values.help === true) return "help";
  const config = parseConfig(values.config === undefined ? "" : readConfigFile(values.config));
  const { data, host, private: isPrivate, "public-url": publicUrl, "ready-file": ready } = values;
  const index = {
    ...config.index,
    ...(host !== undefined && { host }),
    ...(publicUrl !== undefined && { publicUrl: parseWebAddress(publicUrl, "--public-url") }),
    port: parsePort(values.port) ?? config.index.port,
    private: isPrivate ?? config.index.private,
  };
  return {
    data: resolve(data ?? "holdfast-data"),
    config: { ...config, index },
    ...(ready !== undefined && { readyFile: resolve(ready) }),
  };
}

function readValues(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw invalid(error);
  }
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new FormatError("options.invalid", "Cannot read the options: --port is 0 to 65535");
}

function invalid(error: unknown): FormatError {
  const reason = error instanceof Error ? error.message : String(error);
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
