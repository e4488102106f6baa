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
  readonly notes: readonly string[];
};

export function formatResults(facts: RunFacts, rows: readonly ResultRow[]): string {
  const missed = rows.filter((row) => isMet(row) === false);
  const judged = rows.filter((row) => isMet(row) !== undefined);
  return [
    "# Bench results",
    "",
    `Made by \`${facts.command}\` on ${facts.date}. Every contender ran in the same run on the same machine, driven by the same load generator, in interleaved rounds; numbers are medians, ratios are medians of the rounds' ratios.`,
    "Every response body was compared, to the last byte, with a body whose hash had been checked. CPU is the server's time per request, all its processes and threads.",
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
    ...facts.notes,
    "",
  ].join("\n");
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
