/** What `holdfast tuf-client` was told, in the words of the TUF conformance suite's client protocol. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseWebAddress } from "#formats/config/web-address.ts";
import { FormatError } from "#formats/format-error.ts";

export type InitOptions = {
  readonly command: "init";
  /** Absolute, as the paths below. */
  readonly metadataDir: string;
  readonly root: string;
};

export type RefreshOptions = {
  readonly command: "refresh";
  readonly metadataDir: string;
  readonly metadataUrl: URL;
};

export type DownloadOptions = {
  readonly command: "download";
  readonly metadataDir: string;
  readonly metadataUrl: URL;
  readonly targetsUrl: URL;
  readonly targetDir: string;
  /** Target paths, in the order in which they are fetched. */
  readonly targets: readonly string[];
};

export type TufClientOptions =
  | InitOptions
  | RefreshOptions
  | DownloadOptions
  | { readonly command: "help" };

type Values = {
  readonly "metadata-dir"?: string | undefined;
  readonly "metadata-url"?: string | undefined;
  readonly "target-base-url"?: string | undefined;
  readonly "target-dir"?: string | undefined;
  readonly "target-name"?: readonly string[] | undefined;
  readonly help?: boolean | undefined;
};

type Words = { readonly values: Values; readonly positionals: readonly string[] };

/** FormatError `options.invalid` or `config.value`. */
export function parseOptions(args: readonly string[]): TufClientOptions {
  const { positionals, values } = readArguments(args);
  if (values.help === true) return { command: "help" };
  const [command, ...rest] = positionals;
  switch (command) {
    case "init":
      return readInit(values, rest);
    case "refresh":
      checkNothingElse(rest);
      return { command, ...readMetadata(values) };
    case "download":
      checkNothingElse(rest);
      return { command, ...readMetadata(values), ...readTargets(values) };
    case undefined:
      throw invalid("say what to do: init, refresh or download");
    default:
      throw invalid(`there is no command ${JSON.stringify(command)}: init, refresh or download`);
  }
}

function readArguments(args: readonly string[]): Words {
  const text = { type: "string" } as const;
  const options = {
    "metadata-dir": text,
    "metadata-url": text,
    "target-base-url": text,
    "target-dir": text,
    "target-name": { ...text, multiple: true },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${reason.split(". ")[0]} (see holdfast tuf-client --help)`);
  }
}

function readInit(values: Values, rest: readonly string[]): InitOptions {
  const [root, ...more] = rest;
  if (root === undefined) throw invalid("say which root to believe: init 1.root.json");
  checkNothingElse(more);
  return { command: "init", metadataDir: readFolder(values, "metadata-dir"), root: resolve(root) };
}

function readMetadata(values: Values): { readonly metadataDir: string; readonly metadataUrl: URL } {
  return {
    metadataDir: readFolder(values, "metadata-dir"),
    metadataUrl: readUrl(values, "metadata-url"),
  };
}

function readTargets(
  values: Values,
): Pick<DownloadOptions, "targetDir" | "targets" | "targetsUrl"> {
  const targets = values["target-name"];
  if (targets === undefined) throw invalid("say which target: --target-name PATH");
  return {
    targetsUrl: readUrl(values, "target-base-url"),
    targetDir: readFolder(values, "target-dir"),
    targets,
  };
}

function readFolder(values: Values, name: "metadata-dir" | "target-dir"): string {
  const folder = values[name];
  if (folder === undefined || folder === "") throw invalid(`--${name} DIR is missing`);
  return resolve(folder);
}

function readUrl(values: Values, name: "metadata-url" | "target-base-url"): URL {
  const url = values[name];
  if (url === undefined) throw invalid(`--${name} URL is missing`);
  return new URL(parseWebAddress(url, `--${name}`));
}

function checkNothingElse(rest: readonly string[]): void {
  if (rest.length > 0) throw invalid(`nothing is known of ${JSON.stringify(rest.join(" "))}`);
}

function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
