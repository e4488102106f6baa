/** The configuration file of all programs (docs/guides): TOML in which every key is optional and an unknown one refused. */
import { parseByteSize } from "./byte-size.ts";
import { parseDuration } from "./duration.ts";
import { takeMap } from "./map-config.ts";
import { proxyDefaults } from "./proxy-config.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { parseTomlTable } from "./toml-table.ts";
import type { TomlTable } from "./toml-table.ts";
import { parseIndexName, readBoolean, readText, valueError, wholeNumber } from "./value-readers.ts";
import { parseWebAddress } from "./web-address.ts";

export type Config = {
  readonly index: IndexConfig;
  readonly signer: SignerConfig;
  readonly proxy: ProxyConfig;
  readonly log: { readonly level: LogLevel };
};

export type IndexConfig = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Ends with a slash. Without it, the address the index listens on. */
  readonly publicUrl?: string;
  /** Reads need a token too. */
  readonly private: boolean;
  /** What people and first configuration see; never trusted. */
  readonly name: string;
  /** Bytes of one uploaded file. */
  readonly uploadSizeMax: number;
};

export type SignerConfig = {
  readonly lifetimes: Lifetimes;
  /** 2^n bins to begin with. */
  readonly binsBitLength: number;
  /** The least time between the starts of two batches, milliseconds. */
  readonly batchIntervalMs: number;
};

/** Milliseconds from signing to expiry, by role. */
export type Lifetimes = {
  readonly timestamp: number;
  readonly snapshot: number;
  readonly bins: number;
  readonly unclaimed: number;
  readonly recentlyClaimed: number;
  readonly deny: number;
  readonly claimed: number;
  readonly targets: number;
  readonly root: number;
};

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const day = 86_400_000;
const lifetimeMsMin = 1_000;
const uploadSizeMaxDefault = 2 * 1_024 ** 3;

/** FormatError `config.*`, with the key or the line. Empty text: all defaults. */
export function parseConfig(text: string): Config {
  const table = parseTomlTable(text);
  const publicUrl = table.take("index.public-url", readText(parseWebAddress));
  const config: Config = {
    index: {
      host: table.take("index.host", readText(parseHost)) ?? "127.0.0.1",
      port: table.take("index.port", wholeNumber(0, 65_535)) ?? 8470,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      private: table.take("index.private", readBoolean) ?? false,
      name: table.take("index.name", readText(parseIndexName)) ?? "holdfast",
      uploadSizeMax: table.take("index.upload-size-max", readSize) ?? uploadSizeMaxDefault,
    },
    signer: {
      lifetimes: takeLifetimes(table),
      binsBitLength: table.take("signer.bins-bit-length", wholeNumber(1, 15)) ?? 4,
      batchIntervalMs: table.take("signer.batch-interval", readText(parseDuration)) ?? 0,
    },
    proxy: takeProxy(table),
    log: { level: table.take("log.level", readLogLevel) ?? "info" },
  };
  table.checkAllTaken();
  return config;
}

function takeProxy(table: TomlTable): ProxyConfig {
  const settings = {
    host: table.take("proxy.host", readText(parseHost)) ?? proxyDefaults.host,
    port: table.take("proxy.port", wholeNumber(0, 65_535)) ?? proxyDefaults.port,
    refreshMs: table.take("proxy.refresh", readText(parseDuration)) ?? proxyDefaults.refreshMs,
  };
  const map = takeMap(table);
  return map === undefined ? settings : { ...settings, map };
}

/** Design 5. */
function takeLifetimes(table: TomlTable): Lifetimes {
  const take = (role: string, standard: number): number =>
    table.take(`signer.lifetimes.${role}`, readText(parseLifetime)) ?? standard;
  return {
    timestamp: take("timestamp", day),
    snapshot: take("snapshot", 7 * day),
    bins: take("bins", 30 * day),
    unclaimed: take("unclaimed", 30 * day),
    recentlyClaimed: take("recently-claimed", 30 * day),
    deny: take("deny", 30 * day),
    claimed: take("claimed", 365 * day),
    targets: take("targets", 365 * day),
    root: take("root", 365 * day),
  };
}

function readSize(value: unknown, at: string): number {
  if (typeof value !== "string" && typeof value !== "number") {
    throw valueError('a size, as in "2 GiB"', at);
  }
  return parseByteSize(value, at);
}

function readLogLevel(value: unknown, at: string): LogLevel {
  const level = logLevels.find((name) => name === value);
  if (level === undefined) throw valueError(`one of ${logLevels.join(", ")}`, at);
  return level;
}

function parseLifetime(text: string, at: string): number {
  const ms = parseDuration(text, at);
  if (ms < lifetimeMsMin) throw valueError("one second or more", at);
  return ms;
}

function parseHost(text: string, at: string): string {
  if (!/^[A-Za-z0-9.:_-]{1,255}$/.test(text)) throw valueError("a host name or address", at);
  return text;
}
