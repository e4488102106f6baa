/** What differs from the good copy: every line into two files as it is found, counts and the first lines kept. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { formatJson } from "#formats/json/format.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import type { Comparison, ComparedProject } from "#core/recovery/compare-trees.ts";
import type { FileDifference, ProjectDifference } from "#core/recovery/project-difference.ts";
import { planModes } from "./plan-folder.ts";
import type { PlanFolder } from "./plan-folder.ts";

export type ReportCounts = {
  projects: number;
  readonly database: Record<ProjectDifference["kind"], number>;
  /** Shown by the public tree alone. */
  published: number;
  readonly files: Record<FileDifference["kind"], number>;
  bindings: number;
  faults: number;
  damagedFiles: number;
};

const firstLinesMax = 30;

export class Report {
  readonly #text: number;
  readonly #lines: number;
  /** For the terminal. */
  readonly firstLines: string[] = [];
  readonly counts: ReportCounts = {
    projects: 0,
    database: { added: 0, changed: 0, gone: 0 },
    published: 0,
    files: { added: 0, altered: 0, changed: 0, removed: 0, unyanked: 0, yanked: 0 },
    bindings: 0,
    faults: 0,
    damagedFiles: 0,
  };

  constructor({ folder, reportLines, reportText }: PlanFolder) {
    mkdirSync(folder, { recursive: true, mode: planModes.folder });
    this.#text = openSync(reportText, "w", planModes.file);
    this.#lines = openSync(reportLines, "w", planModes.file);
  }

  /** For people only. */
  say(line: string = ""): void {
    writeSync(this.#text, `${line}\n`);
  }

  add(found: Comparison): void {
    this.#count(found);
    writeSync(this.#lines, `${Buffer.from(formatJson(comparisonJson(found))).toString()}\n`);
    for (const line of comparisonLines(found)) {
      this.say(line);
      if (this.firstLines.length < firstLinesMax) this.firstLines.push(line);
    }
  }

  close(): void {
    closeSync(this.#text);
    closeSync(this.#lines);
  }

  #count(found: Comparison): void {
    const { counts } = this;
    if (found.kind === "fault") counts.faults += 1;
    else if (found.kind === "file") counts.damagedFiles += 1;
    else {
      counts.projects += 1;
      counts.bindings += found.bindings.length;
      if (found.database !== undefined) counts.database[found.database.kind] += 1;
      else if (found.published !== undefined) counts.published += 1;
      for (const { kind } of (found.database ?? found.published)?.files ?? []) {
        counts.files[kind] += 1;
      }
    }
  }
}

export function countsJson(counts: ReportCounts): Json {
  return jsonObject({
    ...counts,
    database: jsonObject(counts.database),
    files: jsonObject(counts.files),
  });
}

export function countsLine({ database, faults, files, projects, published }: ReportCounts): string {
  const parts = [
    `${projects} ${projects === 1 ? "project differs" : "projects differ"} from the copy`,
    `${database.added} came, ${database.gone} are gone, ${database.changed} changed`,
    `files: ${files.added} came, ${files.changed} have other bytes, ${files.removed} are gone, ${files.yanked} yanked, ${files.unyanked} not yanked any more, ${files.altered} described otherwise`,
    ...(published > 0 ? [`${published} projects differ in the public tree alone`] : []),
    ...(faults > 0 ? [`${faults} things could not be verified`] : []),
  ];
  return `${parts.join("; ")}.`;
}

export function differenceJson({ files, kind, status }: ProjectDifference): Json {
  return jsonObject({
    kind,
    files: files.map(({ filename, is, kind: fileKind, was }) =>
      jsonObject({
        kind: fileKind,
        filename,
        was: was && fileJson(was),
        is: is && fileJson(is),
      }),
    ),
    status: status && jsonObject(status),
  });
}

function fileJson({ sha256, size, uploadTime, yanked }: NonNullable<FileDifference["is"]>): Json {
  return jsonObject({ sha256, size, "upload-time": uploadTime, yanked });
}

function comparisonJson(found: Comparison): Json {
  if (found.kind !== "project") return jsonObject(found);
  const { bindings, database, kind, project, published } = found;
  return jsonObject({
    kind,
    project,
    database: database && differenceJson(database),
    published: published && differenceJson(published),
    bindings: [...bindings],
  });
}

function comparisonLines(found: Comparison): readonly string[] {
  switch (found.kind) {
    case "fault":
      return [`! ${found.where}: ${terminalText(found.reason)} [${found.code}]`];
    case "file":
      return [`! ${found.where}: ${found.filename} of ${found.project} is ${found.state}`];
    case "project":
      return projectLines(found);
  }
}

const words: Readonly<Record<ProjectDifference["kind"], string>> = {
  added: "came since the copy",
  changed: "changed since the copy",
  gone: "is gone since the copy",
};

function projectLines({ bindings, database, project, published }: ComparedProject): string[] {
  const lines: string[] = [];
  if (database !== undefined) {
    lines.push(`${project} ${words[database.kind]}`, ...differenceLines(database));
  }
  if (published !== undefined) {
    lines.push(
      `${project}: the public tree shows what the signer's database never said`,
      ...differenceLines(published),
    );
  }
  for (const filename of bindings) {
    lines.push(`${project}: the database gives ${terminalText(filename)} to other bytes`);
  }
  return lines;
}

export function differenceLines({ files, status }: ProjectDifference): readonly string[] {
  return [
    ...(status === undefined ? [] : [`  status    ${status.was} → ${status.is}`]),
    ...files.map(fileLine),
  ];
}

function fileLine({ filename, is, kind, was }: FileDifference): string {
  const shown = is ?? was;
  const uploaded = shown === undefined ? "" : `  uploaded ${shown.uploadTime}`;
  const hash = shown === undefined ? "" : `  sha256:${shown.sha256}`;
  return `  ${kind.padEnd(9)} ${terminalText(filename)}${hash}${uploaded}`;
}
