/**
 * Which projects a recovery puts back. The operator decides, for a page that differs may be a thief's or a release that
 * came after the copy: by name, all, or all but some.
 */
import type { ProjectName } from "#formats/python/project-name.ts";
import { RefusedError } from "#core/errors.ts";
import { isPaired, pairProjects } from "./compare-trees.ts";
import type { ComparedFault, ComparedPorts, ProjectPair, TellProgress } from "./compare-trees.ts";
import { compareProject } from "./project-difference.ts";
import type { ProjectDifference } from "./project-difference.ts";
import { restoreProject } from "./restored-project.ts";
import type { RestoredProject } from "./restored-project.ts";

export type RestoreChoice =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "only"; readonly projects: ReadonlySet<ProjectName> }
  | { readonly kind: "all-but"; readonly projects: ReadonlySet<ProjectName> };

export type ChosenProject = {
  readonly pair: ProjectPair;
  readonly restored: RestoredProject;
  /** How it differed; undefined where only a name was bound to other bytes. */
  readonly difference: ProjectDifference | undefined;
};

/**
 * Before anything else is done: putting a whole index back takes long. Throws RefusedError `recovery.choice` for a chosen
 * name that the copy says nothing certain about.
 */
export async function checkChoice(
  ports: Omit<ComparedPorts, "published">,
  choice: RestoreChoice,
): Promise<void> {
  if (choice.kind !== "only" && choice.kind !== "all-but") return;
  for (const project of choice.projects) {
    if (await isPaired(ports, project)) continue;
    throw new RefusedError(
      "recovery.choice",
      `Cannot choose ${project}: neither the database nor what verifies of the good copy has a project of that name; nothing was changed`,
    );
  }
}

/** Those that are chosen and are not as the copy has them. `tell` hears of every project that differs and is kept as it is. */
export async function* chooseProjects(
  ports: Omit<ComparedPorts, "published">,
  choice: RestoreChoice,
  tell: {
    readonly kept?: (project: ProjectName) => void;
    readonly fault?: (fault: ComparedFault) => void;
    readonly progress?: TellProgress;
  } = {},
): AsyncGenerator<ChosenProject> {
  for await (const pair of pairProjects(ports, tell.progress)) {
    if (pair.kind === "fault") {
      tell.fault?.(pair);
      continue;
    }
    const restored = restoreProject(pair);
    const isHeadNew =
      restored.page.status !== pair.record?.status ||
      restored.page.statusReason !== pair.record.statusReason;
    const isAsGood = !isHeadNew && restored.page.changed.length === 0;
    // A project that the copy does not have stays one, with a page that lists nothing.
    if (isAsGood && restored.bindings.length === 0) continue;
    if (!isChosen(choice, pair.project)) {
      tell.kept?.(pair.project);
      continue;
    }
    yield { pair, restored, difference: compareProject(pair.good?.content, pair.is) };
  }
}

function isChosen(choice: RestoreChoice, project: ProjectName): boolean {
  switch (choice.kind) {
    case "all":
      return true;
    case "none":
      return false;
    case "only":
      return choice.projects.has(project);
    case "all-but":
      return !choice.projects.has(project);
  }
}
