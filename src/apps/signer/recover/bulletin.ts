/** What users must be told (PEP 458: "a security bulletin"): what could have been shown to them, and what they do. */
import { formatInstant } from "#formats/bytes/instant.ts";
import { terminalText } from "#formats/bytes/terminal-text.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { FileDifference, ProjectDifference } from "#core/recovery/project-difference.ts";
import type { RecoveryNeeds } from "#core/recovery/stolen-keys.ts";

export type Bulletin = {
  readonly needs: RecoveryNeeds;
  readonly now: Date;
  /** Of the root before. */
  readonly rootVersion: number;
  /** What was put back. */
  readonly projects: readonly {
    readonly project: ProjectName;
    readonly difference: ProjectDifference | undefined;
  }[];
  /** How many more were put back. */
  readonly more: number;
  /** Where all of them are listed. */
  readonly list: string;
};

/** Lines that end with a line end. */
export function formatBulletin(bulletin: Bulletin): string {
  return [
    `Security notice, ${formatInstant(bulletin.now)}`,
    "",
    ...whatHappened(bulletin.needs),
    "",
    ...whichFiles(bulletin),
    "What to do:",
    ...whatToDo(bulletin),
    "",
  ].join("\n");
}

function whatHappened({ reach, stolen }: RecoveryNeeds): readonly string[] {
  const what =
    stolen.length === 0
      ? "The index was broken into. None of the keys that sign it was taken."
      : `Keys that sign this index were taken: ${stolen.join(", ")}. They count for nothing any more.`;
  switch (reach) {
    case "nothing":
      return stolen.length === 0 ? [what] : [what, "Alone they could not mislead anybody."];
    case "freeze":
    case "mix":
      return [
        what,
        "With them a mirror or a network could hold you back at an older state, and nothing else.",
      ];
    case "hide":
      return [what, "With them a mirror or a network could hide files from you, and nothing else."];
    case "unclaimed-files":
      return [
        what,
        "With them a mirror or a network could show other files to some, which nobody can list from here.",
      ];
    case "all-files":
    case "everything":
      return [
        what,
        "With them a mirror or a network could show any file to some, which nobody can list from here.",
      ];
  }
}

function whichFiles({ list, more, projects }: Bulletin): readonly string[] {
  const bad = projects.flatMap(({ difference, project }) =>
    (difference?.files ?? []).filter(isBad).map((file) => ({ project, file })),
  );
  const back = projects.flatMap(({ difference }) =>
    (difference?.files ?? []).filter(({ kind }) => kind === "removed" || kind === "yanked"),
  );
  const lines: string[] = [];
  if (bad.length > 0) {
    lines.push("These files came after the last state that is known to be good. Do not use them:");
    for (const { file, project } of bad) lines.push(`  ${project}: ${badLine(file)}`);
    lines.push("");
  }
  if (back.length > 0) {
    lines.push("These files had been taken away or yanked, and are there again:");
    for (const { filename } of back) lines.push(`  ${terminalText(filename)}`);
    lines.push("");
  }
  if (more > 0) lines.push(`${more} more projects were put back; all are listed in ${list}.`, "");
  return lines;
}

function isBad({ kind }: FileDifference): boolean {
  return kind === "added" || kind === "changed";
}

function badLine({ filename, is, kind, was }: FileDifference): string {
  const hash = is === undefined ? "" : ` sha256:${is.sha256}`;
  const uploaded = is === undefined ? "" : `, offered since ${is.uploadTime}`;
  const right =
    kind === "changed" && was !== undefined ? `; the right one is sha256:${was.sha256}` : "";
  return `${terminalText(filename)}${hash}${uploaded}${right}`;
}

function whatToDo({ needs, projects, rootVersion }: Bulletin): readonly string[] {
  const lines: string[] = [];
  const isBadOffered = projects.some(({ difference }) => difference?.files.some(isBad) ?? false);
  const names = projects
    .filter(({ difference }) => difference?.files.some(isBad) ?? false)
    .map(({ project }) => project);
  if (needs.outOfBand) {
    lines.push(
      `- The root itself was lost. Get root ${rootVersion + 2} or later, and its SHA-256, from a place that is not this index; stop the proxy, remove its state folder, and start it with --root FILE. Until then believe nothing it shows.`,
    );
  } else if (needs.stolen.length > 0) {
    lines.push("- Proxies take the new keys by themselves. There is nothing to configure.");
  }
  if (isBadOffered) {
    lines.push(
      "- If you installed one of the files above, treat that machine as broken into.",
      `- Remove them from caches: pip cache purge; uv cache clean ${names.slice(0, 20).join(" ")}`,
    );
  }
  if (needs.compare) {
    lines.push(
      "- What you downloaded since: `holdfast verify FILE` says whether the index vouches for it.",
    );
  }
  return lines;
}
