/**
 * Whether an index vouches for a file that lies on a disk: all that speaks for and against it, as findings
 * (`holdfast verify`, house style 3.5).
 */
import type { DenyList } from "#formats/deny/deny-list.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page } from "#formats/python/simple-page.ts";

export type DiskFile = {
  readonly filename: string;
  readonly project: ProjectName;
  readonly sha256: string;
  readonly size: number;
};

export type FindingCode =
  | "file.denied"
  | "file.hash"
  | "file.not-listed"
  | "file.vouched"
  | "file.yanked"
  | "project.archived"
  | "project.deprecated"
  | "project.quarantined"
  | "project.unknown";

export type Finding = {
  readonly code: FindingCode;
  /** "against" is what makes a file not vouched for; "note" is for people to know. */
  readonly weight: "for" | "against" | "note";
  readonly sentence: string;
};

export type Verdict = {
  readonly kind: "vouched" | "not-vouched";
  readonly filename: string;
  readonly project: ProjectName;
  readonly sha256: string;
  readonly findings: readonly Finding[];
};

/** `page` is the verified page, undefined when TUF proves that the index has no such project. */
export function vouchFor(file: DiskFile, page: Page | undefined, denials: DenyList): Verdict {
  const findings = page === undefined ? [unknownProject(file)] : findingsOn(file, page);
  for (const { project, filename, reason } of denials) {
    if (project !== file.project || (filename ?? file.filename) !== file.filename) continue;
    findings.push(against("file.denied", `The index has taken it back: ${reason}`));
  }
  const vouched =
    findings.some(({ weight }) => weight === "for") &&
    !findings.some(({ weight }) => weight === "against");
  const { filename, project, sha256 } = file;
  return { kind: vouched ? "vouched" : "not-vouched", filename, project, sha256, findings };
}

function findingsOn(file: DiskFile, page: Page): Finding[] {
  const findings: Finding[] = [];
  const listed = page.files.find(({ filename }) => filename === file.filename);
  if (listed === undefined) {
    findings.push(
      against("file.not-listed", `The page of ${file.project} does not list ${file.filename}`),
    );
  } else if (listed.sha256 !== file.sha256 || listed.size !== file.size) {
    const sentence = `The index lists ${file.filename} with sha256 ${listed.sha256} and ${listed.size} bytes; this file has ${file.sha256} and ${file.size}`;
    findings.push(against("file.hash", sentence));
  } else {
    const sentence = `The verified page of ${file.project} lists exactly these bytes, uploaded ${listed.uploadTime}`;
    findings.push({ code: "file.vouched", weight: "for", sentence });
  }
  if (listed !== undefined && listed.yanked !== false) {
    const reason = typeof listed.yanked === "string" ? `: ${listed.yanked}` : "";
    findings.push({ code: "file.yanked", weight: "note", sentence: `It is yanked${reason}` });
  }
  if (page.status !== "active") {
    const reason = page.statusReason === undefined ? "" : `: ${page.statusReason}`;
    const sentence = `The project is ${page.status}${reason}`;
    findings.push({ code: `project.${page.status}`, weight: "note", sentence });
  }
  return findings;
}

function unknownProject({ project }: DiskFile): Finding {
  return against(
    "project.unknown",
    `The index has no project ${project}, which its signatures prove`,
  );
}

function against(code: FindingCode, sentence: string): Finding {
  return { code, weight: "against", sentence };
}
