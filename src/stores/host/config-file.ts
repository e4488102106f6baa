/** The text of the configuration file that a person named. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { FormatError } from "#formats/format-error.ts";

/** FormatError `options.invalid`. */
export function readConfigFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FormatError("options.invalid", describe(resolve(path), error));
  }
}

function describe(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `There is no configuration file ${path}: name the one you mean with --config, or leave --config out to run with the defaults`;
    case "EACCES":
    case "EPERM":
      return `Cannot read the configuration file ${path}: let the account that runs this read it`;
    case "EISDIR":
      return `Cannot read the configuration file ${path}: it is a folder; name a file in it with --config`;
    default:
      return `Cannot read the configuration file ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
