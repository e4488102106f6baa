/** Project status markers (PEP 792). A quarantined project offers no files; an archived one takes no new ones. */

export type ProjectStatus = "active" | "archived" | "quarantined" | "deprecated";

const projectStatuses: ReadonlySet<string> = new Set<ProjectStatus>([
  "active",
  "archived",
  "quarantined",
  "deprecated",
]);

export function isProjectStatus(text: string): text is ProjectStatus {
  return projectStatuses.has(text);
}
