/** A project as people and the legacy JSON API see it: its page, with what its newest release says of itself. */
import type { FileEntry, ProjectEntry } from "#core/releases/catalogue.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseCoreMetadata, type CoreMetadata } from "#formats/python/metadata.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { compareVersions } from "#formats/python/version.ts";
import type { IndexPorts } from "./index-ports.ts";

export type ProjectView = {
  readonly project: ProjectEntry;
  readonly members: readonly string[];
  /** Published files, newest version first, then by name. */
  readonly files: readonly FileEntry[];
  /** Ascending. */
  readonly versions: readonly string[];
  /** The newest final version with a file that is not yanked; else the newest of all. */
  readonly latest: string;
  /** What the newest release says of itself; missing where its stored metadata cannot be read. */
  readonly core?: CoreMetadata;
};

/** Undefined when nothing of the project is published. */
export async function readProjectView(
  ports: Pick<IndexPorts, "files" | "releases">,
  name: ProjectName,
  version?: string,
): Promise<ProjectView | undefined> {
  const project = await ports.releases.findProject(name);
  const page = await ports.releases.findPage(name);
  if (project === undefined || page === undefined) return undefined;
  const all = await ports.releases.readFiles(name);
  const isOffered = project.status !== "quarantined";
  const published = all.filter((file) => isOffered && file.state === "published");
  const files = published.toSorted(
    (a, b) => compareVersions(b.version, a.version) || (a.filename < b.filename ? -1 : 1),
  );
  const versions = [...new Set(files.map((file) => file.version))].toReversed();
  const latest = version ?? latestVersion(files) ?? "";
  const members = await ports.releases.readMembers(name);
  const core = await readCore(ports, files, latest);
  return {
    project,
    members: members.map(({ accountName }) => accountName),
    files,
    versions,
    latest,
    ...(core !== undefined && { core }),
  };
}

/** As installers choose: final before pre-releases, yanked only when there is nothing else. */
export function latestVersion(newestFirst: readonly FileEntry[]): string | undefined {
  const offered = newestFirst.filter(({ yanked }) => yanked === false);
  const final = offered.find(({ version }) => finalVersion.test(version));
  return (final ?? offered[0] ?? newestFirst[0])?.version;
}

/** In normal form: a release number, perhaps a post release, perhaps a local label. */
const finalVersion = /^(?:[0-9]+!)?[0-9.]+(?:\.post[0-9]+)?(?:\+.*)?$/;

async function readCore(
  ports: Pick<IndexPorts, "files">,
  files: readonly FileEntry[],
  version: string,
): Promise<CoreMetadata | undefined> {
  const ofVersion = files.filter((file) => file.version === version);
  const file = ofVersion.find(({ kind }) => kind === "wheel") ?? ofVersion[0];
  const bytes = file && (await ports.files.readMetadata(file.sha256));
  if (bytes === undefined) return undefined;
  try {
    return parseCoreMetadata(bytes);
  } catch (error) {
    // It was read when the file came in. Whoever changed it on the disk since gets no page broken by it.
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
