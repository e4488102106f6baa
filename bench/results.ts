/** What a run found: rows with a ratio and its target, printed as they come and written to RESULTS.md at the end. */

export type Target = { readonly atLeast: number } | { readonly atMost: number };

export type ResultRow = {
  readonly scenario: string;
  readonly what: string;
  /** With units, for people. */
  readonly holdfast: string;
  readonly peer: string;
  /** The value the target is about; a ratio unless `unit` says otherwise. */
  readonly value?: number;
  readonly unit?: string;
  readonly target?: Target;
  readonly note?: string;
};

export function isMet(row: ResultRow): boolean | undefined {
  if (row.target === undefined || row.value === undefined) return undefined;
  return "atLeast" in row.target ? row.value >= row.target.atLeast : row.value <= row.target.atMost;
}

export function formatRow(row: ResultRow): string {
  const { scenario, what, holdfast, peer, note } = row;
  return `| ${[scenario, what, holdfast, peer, formatValue(row), formatTarget(row), formatVerdict(row), note ?? ""].join(" | ")} |`;
}

export type RunFacts = {
  readonly command: string;
  readonly date: string;
  readonly machine: readonly string[];
  readonly versions: readonly string[];
  /** How it was measured, in sentences. */
  readonly how: readonly string[];
};

/** One group of scenarios, with everything that must be known to read it. */
export function formatSection(title: string, facts: RunFacts, rows: readonly ResultRow[]): string {
  const missed = rows.filter((row) => isMet(row) === false);
  const judged = rows.filter((row) => isMet(row) !== undefined);
  return [
    `## ${title}`,
    "",
    `Made by \`${facts.command}\` on ${facts.date}.`,
    ...facts.how,
    "",
    ...facts.machine.map((line) => `- ${line}`),
    ...facts.versions.map((line) => `- ${line}`),
    "",
    `**${judged.length - missed.length} of ${judged.length} targets met.**`,
    "",
    "| scenario | measure | Holdfast | peer | ratio | target | | note |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map(formatRow),
    "",
  ].join("\n");
}

const RESULTS_HEAD = "# Bench results\n\n";

/** RESULTS.md with this section in the place of the one with its title; what other runs found stays. */
export function withSection(results: string, section: string): string {
  const [, ...sections] = results.split(/^(?=## )/m);
  const titleOf = (text: string): string => text.slice(0, text.indexOf("\n"));
  const place = sections.findIndex((other) => titleOf(other) === titleOf(section));
  if (place < 0) sections.push(section);
  else sections[place] = section;
  return RESULTS_HEAD + sections.map((text) => text.trimEnd()).join("\n\n") + "\n";
}

function formatValue(row: ResultRow): string {
  if (row.value === undefined) return "";
  if (row.unit !== undefined) return `${formatNumber(row.value)} ${row.unit}`;
  return `${formatNumber(row.value)}×`;
}

function formatTarget({ target, unit }: ResultRow): string {
  if (target === undefined) return "";
  const sign = "atLeast" in target ? "≥" : "≤";
  const value = "atLeast" in target ? target.atLeast : target.atMost;
  return `${sign} ${value}${unit === undefined ? "×" : ` ${unit}`}`;
}

function formatVerdict(row: ResultRow): string {
  const met = isMet(row);
  if (met === undefined) return "";
  return met ? "met" : "**missed**";
}

/** Three digits that mean something. */
export function formatNumber(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString("en");
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

export function formatRate(perSecond: number, cpuUs: number, p99Ms: number): string {
  return `${formatNumber(perSecond)}/s, ${formatNumber(cpuUs)} µs CPU, p99 ${formatNumber(p99Ms)} ms`;
}
