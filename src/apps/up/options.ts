/** What `holdfast up` was told: options win over the configuration file, which wins over the defaults. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "#formats/config/config.ts";
import type { Config } from "#formats/config/config.ts";
import { nearestWord } from "#formats/config/nearest-word.ts";
import { parseWebAddress } from "#formats/config/web-address.ts";
import { FormatError } from "#formats/format-error.ts";
import { readConfigFile } from "#stores/host/config-file.ts";

export type UpOptions = {
  /** Absolute. */
  readonly data: string;
  readonly config: Config;
  /** Absolute; the programs read it themselves. */
  readonly configPath?: string;
  readonly readyFile?: string;
};

export const help: string = `Usage: holdfast up [OPTIONS]        (npm start -- [OPTIONS])

Runs index, signer and proxy as three processes on one data folder, and makes everything they need
on first use.

  --data DIR           the data folder (default ./holdfast-data)
  --host HOST          the address the index listens on (default 127.0.0.1)
  --port N             the index's port, 0 for any free one (default 8470)
  --proxy-port N       the proxy's port, 0 for any free one (default 8471)
  --public-url URL     how others reach the index, where a web server stands in front of it
  --private            reading needs a token too
  --config FILE        a TOML file with these and more settings; options win
  --ready-file FILE    appears, with all addresses as JSON, once everything accepts connections
  --help

Ends with 0 when asked to (SIGTERM, Ctrl-C), 64 for a wrong option or configuration, 69 when a
port is taken, 70 when a program died, 73 when the data folder cannot be used, 75 when another one
works in it.
`;

const options = {
  data: { type: "string", default: "holdfast-data" },
  host: { type: "string" },
  port: { type: "string" },
  "proxy-port": { type: "string" },
  "public-url": { type: "string" },
  private: { type: "boolean" },
  config: { type: "string" },
  "ready-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** FormatError `options.invalid` or `config.*`; "help" where that is what was asked for. */
export function parseOptions(args: readonly string[]): UpOptions | "help" {
  const values = parseValues(args);
  if (values.help === true) return "help";
  const configPath = values.config === undefined ? undefined : resolve(values.config);
  const config = parseConfig(configPath === undefined ? "" : readConfigFile(configPath));
  const { host, "public-url": publicUrl } = values;
  return {
    data: resolve(values.data),
    ...(configPath === undefined ? {} : { configPath }),
    ...(values["ready-file"] === undefined ? {} : { readyFile: resolve(values["ready-file"]) }),
    config: {
      ...config,
      index: {
        ...config.index,
        ...(host === undefined ? {} : { host }),
        ...(publicUrl === undefined
          ? {}
          : { publicUrl: parseWebAddress(publicUrl, "--public-url") }),
        port: parsePort(values.port, "--port") ?? config.index.port,
        private: values.private ?? config.index.private,
      },
      proxy: {
        ...config.proxy,
        port: parsePort(values["proxy-port"], "--proxy-port") ?? config.proxy.port,
      },
    },
  };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FormatError("options.invalid", describeArgsError(error.message, args));
  }
}

function describeArgsError(message: string, args: readonly string[]): string {
  const names = Object.keys(options).map((name) => `--${name}`);
  const unknown = args
    .map((arg) => arg.split("=")[0] ?? "")
    .find((arg) => arg.startsWith("--") && !names.includes(arg));
  if (unknown === undefined) return `Cannot read the options: ${message}`;
  const meant = nearestWord(unknown, names);
  const advice = meant === undefined ? "see holdfast up --help" : `did you mean ${meant}?`;
  return `Cannot take the unknown option ${unknown}: ${advice}`;
}

function parsePort(text: string | undefined, at: string): number | undefined {
  if (text === undefined) return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new FormatError("options.invalid", `Cannot take "${text}": write a port, 0 to 65535`, at);
  }
  return port;
}
