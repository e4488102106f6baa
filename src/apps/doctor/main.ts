/**
 * `holdfast doctor`: looks over a data folder without changing it: who can read the keys and which of them should be
 * elsewhere, whether clients would believe the metadata and for how long, whether the programs answer, and what the
 * proxy on it believes.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs, styleText } from "node:util";
import { parseConfig } from "#formats/config/config.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { systemClock } from "#stores/host/clock.ts";
import { readConfigFile } from "#stores/host/config-file.ts";
import { examineKeys } from "./examine-keys.ts";
import { examineMetadata } from "./examine-metadata.ts";
import { examinePrograms, examineRestored, examineSpace } from "./examine-programs.ts";
import { examineProxy } from "./examine-proxy.ts";
import { examineRoles } from "./examine-roles.ts";
import type { Finding } from "./finding.ts";
import { followTree } from "./follow-tree.ts";

const help = `Usage: holdfast doctor [OPTIONS]

Looks over a data folder and changes nothing: who can read the secrets, whether clients believe the
metadata and for how long, who holds which key, whether the programs answer.

  --data DIR      the data folder (default ./holdfast-data)
  --config FILE   the configuration it runs with
  --strict        warnings change the exit code too, for monitoring
  --json          the findings as JSON
  --help

Ends with 0 when nothing needs mending now (warnings are printed), 1 when something does, 2 with
--strict when something needs a plan, 64 for a wrong option.

  holdfast doctor --data /srv/holdfast --strict --json || notify-the-operator
`;

const exitFault = 1;
const exitWarning = 2;
const exitUsage = 64;

type Options = {
  readonly data: string;
  readonly config: string;
  readonly isJson: boolean;
  readonly isStrict: boolean;
};

function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string", default: "holdfast-data" },
      config: { type: "string" },
      json: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const config = values.config === undefined ? "" : readConfigFile(values.config);
  return { data: resolve(values.data), config, isJson: values.json, isStrict: values.strict };
}

async function examine({ data: root, config: text }: Options): Promise<readonly Finding[]> {
  const data = dataFolder(root);
  if (!existsSync(root)) {
    const message = "There is no such folder: `holdfast up` makes one";
    return [{ level: "fault", code: "data.empty", subject: root, message }];
  }
  const config = parseConfig(text);
  const tree = await followTree(data, systemClock);
  const { version } = readPackage();
  return [
    {
      level: "good",
      code: "versions",
      subject: "holdfast",
      message: `Holdfast ${version} on Node ${process.versions.node}, ${process.platform}-${process.arch}`,
    },
    examineSpace(data),
    ...examineKeys(data),
    ...examineMetadata(data, tree, config.signer.lifetimes, systemClock()),
    ...(await examineRoles(data, tree, systemClock())),
    ...(await examinePrograms(data)),
    ...(await examineRestored(data)),
    ...(await examineProxy(data, config.proxy, systemClock)),
  ];
}

function readPackage(): { readonly version: string } {
  const path = resolve(import.meta.dirname, "../../../package.json");
  return JSON.parse(readFileSync(path, "utf8"));
}

function formatFinding({ level, message, subject }: Finding, isTerminal: boolean): string {
  const style = { good: "green", note: "dim", warning: "yellow", fault: "red" } as const;
  const mark = level.padEnd(8);
  const line = `${isTerminal ? styleText(style[level], mark) : mark} ${message}`;
  return subject.startsWith("/") ? `${line}\n         ${subject}` : line;
}

function exitCodeOf(findings: readonly Finding[], isStrict: boolean): number {
  if (findings.some(({ level }) => level === "fault")) return exitFault;
  return isStrict && findings.some(({ level }) => level === "warning") ? exitWarning : 0;
}

try {
  const options = readOptions(process.argv.slice(3));
  if (options === "help") {
    process.stdout.write(help);
  } else {
    const findings = await examine(options);
    const lines = findings.map((finding) => formatFinding(finding, process.stdout.isTTY));
    const json = JSON.stringify({ data: options.data, findings }, undefined, 2);
    process.stdout.write(`${options.isJson ? json : lines.join("\n")}\n`);
    process.exitCode = exitCodeOf(findings, options.isStrict);
  }
} catch (error) {
  process.stderr.write(
    `holdfast doctor: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = exitUsage;
}
