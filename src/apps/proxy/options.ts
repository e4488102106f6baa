/** What `holdfast proxy`, `run`, `status` and `verify` were told. */
import { parseArgs } from "node:util";
import { parseByteSize } from "#formats/config/byte-size.ts";
import { parseDuration } from "#formats/config/duration.ts";
import { parseWebAddress } from "#formats/config/web-address.ts";
import { isFingerprint } from "#core/verdict/anchor.ts";
import { FormatError } from "#formats/format-error.ts";
import { isIndexName } from "./index-name.ts";

/** How to reach an index, and whom to believe. */
export type ConnectionOptions = {
  /** Without it the state folder says which. */
  readonly index: URL | undefined;
  readonly mirror: URL | undefined;
  readonly anchor: AnchorOption;
  /** Without it the default folder of the index. */
  readonly state: string | undefined;
  readonly name: string | undefined;
  readonly credentials: string | undefined;
  readonly offlineForMs: number;
  readonly refreshMs: number | undefined;
  readonly cacheSizeMax: number;
  readonly config: string | undefined;
};

export type AnchorOption =
  | { readonly kind: "root"; readonly path: string }
  | { readonly kind: "fingerprint"; readonly fingerprint: string }
  | { readonly kind: "first-use" }
  | { readonly kind: "remembered" };

export type ListenOptions = {
  readonly host: string | undefined;
  readonly port: number | undefined;
};

export type ProxyOptions = ConnectionOptions &
  ListenOptions & { readonly readyFile: string | undefined };
export type RunOptions = ConnectionOptions &
  ListenOptions & { readonly keepConfig: boolean; readonly command: readonly string[] };
export type StatusOptions = Pick<ConnectionOptions, "config" | "index" | "state"> & {
  readonly json: boolean;
};
export type VerifyOptions = ConnectionOptions & {
  readonly json: boolean;
  readonly files: readonly string[];
};

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const help = { type: "boolean", short: "h" } as const;

const connection = {
  index: text,
  mirror: text,
  root: text,
  fingerprint: text,
  tofu: flag,
  state: text,
  name: text,
  credentials: text,
  "offline-for": text,
  refresh: text,
  "cache-size": text,
  config: text,
  help,
} as const;
const listen = { host: text, port: text } as const;

const cacheSizeDefault = 10 * 1_024 ** 3;

/** FormatError `options.invalid`; "help" where that is what was asked for. */
export function parseProxyOptions(args: readonly string[]): ProxyOptions | "help" {
  const { values } = parseOrRefuse("proxy", () =>
    parseArgs({ args: [...args], options: { ...connection, ...listen, "ready-file": text } }),
  );
  if (values.help === true) return "help";
  return { ...readConnection(values), ...readListen(values), readyFile: values["ready-file"] };
}

/** The command begins after `--`, or where the first word stands that is no option. */
export function parseRunOptions(args: readonly string[]): RunOptions | "help" {
  const dashes = args.indexOf("--");
  const own = dashes === -1 ? args : args.slice(0, dashes);
  const command = dashes === -1 ? [] : args.slice(dashes + 1);
  const { values } = parseOrRefuse("run", () =>
    parseArgs({ args: [...own], options: { ...connection, ...listen, "keep-config": flag } }),
  );
  if (values.help === true) return "help";
  if (command.length === 0) {
    throw invalid("say which command to run, after --: holdfast run -- pip install demo");
  }
  return {
    ...readConnection(values),
    ...readListen(values),
    keepConfig: values["keep-config"] === true,
    command,
  };
}

export function parseStatusOptions(args: readonly string[]): StatusOptions | "help" {
  const { values } = parseOrRefuse("status", () =>
    parseArgs({
      args: [...args],
      options: { index: text, state: text, config: text, json: flag, help },
    }),
  );
  if (values.help === true) return "help";
  return {
    index: readUrl(values.index, "--index"),
    state: values.state,
    config: values.config,
    json: values.json === true,
  };
}

export function parseVerifyOptions(args: readonly string[]): VerifyOptions | "help" {
  const { positionals, values } = parseOrRefuse("verify", () =>
    parseArgs({
      args: [...args],
      options: { ...connection, json: flag },
      allowPositionals: true,
    }),
  );
  if (values.help === true) return "help";
  if (positionals.length === 0) throw invalid("say which files: holdfast verify dist/*.whl");
  return { ...readConnection(values), json: values.json === true, files: positionals };
}

type ConnectionValues = {
  readonly [Name in keyof typeof connection]?: string | boolean | undefined;
};

function readConnection(values: ConnectionValues): ConnectionOptions {
  const word = (name: keyof typeof connection): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const name = word("name");
  if (name !== undefined && !isIndexName(name)) {
    throw invalid("write lower-case letters, digits, dots and hyphens", "--name");
  }
  const refresh = word("refresh");
  const cacheSize = word("cache-size");
  return {
    index: readUrl(word("index"), "--index"),
    mirror: readUrl(word("mirror"), "--mirror"),
    anchor: readAnchor(word("root"), word("fingerprint"), values.tofu === true),
    state: word("state"),
    name,
    credentials: word("credentials"),
    offlineForMs: parseDuration(word("offline-for") ?? "0s", "--offline-for"),
    refreshMs: refresh === undefined ? undefined : parseDuration(refresh, "--refresh"),
    cacheSizeMax:
      cacheSize === undefined ? cacheSizeDefault : parseByteSize(cacheSize, "--cache-size"),
    config: word("config"),
  };
}

function readAnchor(
  root: string | undefined,
  fingerprint: string | undefined,
  tofu: boolean,
): AnchorOption {
  if (Number(root !== undefined) + Number(fingerprint !== undefined) + Number(tofu) > 1) {
    throw invalid("only one of --root, --fingerprint and --tofu can say whom to believe");
  }
  if (root !== undefined) return { kind: "root", path: root };
  if (tofu) return { kind: "first-use" };
  if (fingerprint === undefined) return { kind: "remembered" };
  const spelled = fingerprint.toLowerCase();
  if (!isFingerprint(spelled)) throw invalid('write "sha256:" and 64 hex digits', "--fingerprint");
  return { kind: "fingerprint", fingerprint: spelled };
}

function readListen(values: { readonly host?: string; readonly port?: string }): ListenOptions {
  const { host, port } = values;
  if (port === undefined) return { host, port: undefined };
  const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : NaN;
  if (!(number <= 65_535)) throw invalid("write a port, 0 to 65535", "--port");
  return { host, port: number };
}

function readUrl(value: string | undefined, at: string): URL | undefined {
  if (value === undefined) return undefined;
  const url = URL.parse(value);
  // Before anything quotes the value.
  if (url !== null && (url.username !== "" || url.password !== "")) {
    throw invalid("credentials do not belong into an address: use --credentials FILE", at);
  }
  return new URL(parseWebAddress(value, at));
}

function parseOrRefuse<T>(command: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw invalid(`${error.message.split(". ")[0]} (see holdfast ${command} --help)`);
  }
}

function invalid(reason: string, at = ""): FormatError {
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`, at);
}
