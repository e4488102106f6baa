/** Yank, delete and status as people ask for them (the API, the admin door), turned into changes and carried out. */
import * as v from "valibot";
import { RefusedError } from "#core/errors.ts";
import type { ManagingChange } from "#core/releases/accept-change.ts";
import type { ChangeOutcome } from "#core/releases/catalogue.ts";
import type { ReleaseStore } from "#core/releases/release-store.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { normaliseVersion } from "#formats/python/version.ts";
import { indexLimits } from "./limits.ts";
import type { Publishing } from "./publishing.ts";
import { readBody } from "./request-body.ts";

type OwnerVerb = "archive" | "delete" | "unarchive" | "unyank" | "yank";

export type ManagingVerb = OwnerVerb | "deprecate" | "quarantine" | "unquarantine";

export const ownerVerbs: readonly OwnerVerb[] = [
  "yank",
  "unyank",
  "delete",
  "archive",
  "unarchive",
];

/** What only the operator may do, beside those. */
export const operatorVerbs: readonly ManagingVerb[] = [
  ...ownerVerbs,
  "quarantine",
  "unquarantine",
  "deprecate",
];

export type ManagingResult = {
  readonly project: string;
  readonly changes: readonly {
    readonly id: string;
    readonly filename?: string;
    readonly outcome: "pending" | "published";
  }[];
};

export type ManagingPorts = {
  readonly publishing: Publishing;
  readonly releases: ReleaseStore;
};

const reason = v.pipe(
  v.string(),
  v.nonEmpty("one line of text"),
  v.maxLength(indexLimits.reasonLengthMax, `at most ${indexLimits.reasonLengthMax} characters`),
  v.regex(/^[^\p{Cc}\u2028\u2029]*$/u, "one line of text"),
  v.check((text) => text.isWellFormed(), "one line of text"),
);

const body = v.strictObject({
  filename: v.optional(v.string()),
  version: v.optional(v.string()),
  reason: v.optional(reason),
  purge: v.optional(v.boolean(), false),
});

type Body = v.InferOutput<typeof body>;

const statusOfVerb: ReadonlyMap<ManagingVerb, ProjectStatus> = new Map([
  ["archive", "archived"],
  ["unarchive", "active"],
  ["quarantine", "quarantined"],
  ["unquarantine", "active"],
  ["deprecate", "deprecated"],
]);

/**
 * `checkMay` sees each change before any is made. Throws the first refusal; what was published until then stays.
 * RefusedError `request.invalid` for a request that cannot be read.
 */
export async function manageProject(
  ports: ManagingPorts,
  project: ProjectName,
  verb: ManagingVerb,
  input: unknown,
  checkMay: (change: ManagingChange) => Promise<void>,
): Promise<ManagingResult> {
  const { publishing, releases } = ports;
  const asked = readBody(body, input);
  const changes = await changesOf(publishing, releases, project, verb, asked);
  for (const change of changes) await checkMay(change);
  const outcomes = await Promise.all(
    changes.map((change) => publishing.change(change, asked.purge, indexLimits.publishWaitMs)),
  );
  return {
    project,
    changes: changes.map((change, index) => ({
      id: change.id,
      ...("filename" in change && { filename: change.filename }),
      outcome: checkOutcome(outcomes[index] ?? "pending"),
    })),
  };
}

/** The refusal as an error; else how far it came. */
export function checkOutcome(outcome: ChangeOutcome | "pending"): "pending" | "published" {
  if (outcome === "pending") return "pending";
  if (outcome.kind === "published") return "published";
  throw new RefusedError(outcome.code, outcome.message);
}

async function changesOf(
  publishing: Publishing,
  releases: ReleaseStore,
  project: ProjectName,
  verb: ManagingVerb,
  asked: Body,
): Promise<readonly ManagingChange[]> {
  const why = asked.reason;
  const status = statusOfVerb.get(verb);
  if (status !== undefined) {
    const id = publishing.createChangeId();
    return [{ kind: "set-status", id, project, status, ...(why !== undefined && { reason: why }) }];
  }
  const filenames = await filenamesOf(releases, project, asked);
  return filenames.map((filename): ManagingChange => {
    const id = publishing.createChangeId();
    if (verb === "delete") return { kind: "remove-file", id, project, filename };
    const yanked = verb === "yank" ? (why ?? true) : false;
    return { kind: "yank-file", id, project, filename, yanked };
  });
}

/** The one file, or every file of the version. */
async function filenamesOf(
  releases: ReleaseStore,
  project: ProjectName,
  { filename, version }: Body,
): Promise<readonly string[]> {
  if (filename !== undefined && version === undefined) return [filename];
  if (filename !== undefined || version === undefined) {
    throw new RefusedError(
      "request.invalid",
      "Name either a file (--file) or a version (--version).",
    );
  }
  const wanted = normaliseVersion(version);
  const files = await releases.readFiles(project);
  const found = files.filter((file) => file.version === wanted && file.state === "published");
  if (found.length === 0) {
    throw new RefusedError(
      "file.unknown",
      `Project '${project}' has no files of version ${wanted}.`,
    );
  }
  return found.map((file) => file.filename);
}

export function findVerb<V extends string>(verbs: readonly V[], text: string): V | undefined {
  return verbs.find((verb) => verb === text);
}
