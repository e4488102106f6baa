/** From decisions to pages: their bytes, their hashes, and what the store keeps of them. */
import { sha256HexOfPieces } from "#crypto/hash.ts";
import type { PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { pagePrefix, publicPagePath } from "#core/tuf/layout.ts";
import type { Decisions } from "./decide-changes.ts";
import { findProjectFile, projectPagePieces } from "./project-record.ts";
import type { PageRecord } from "./signer-store.ts";

/** A file of the public tree that is still to be written. */
export type PublicFile = { readonly path: string; readonly pieces: readonly Uint8Array[] };

export type PageBatch = {
  readonly records: readonly PageRecord[];
  readonly files: readonly PublicFile[];
};

/** `current`: pages before the batch. A project whose page comes out as it was gets no new one. */
export function makePages(
  decisions: Pick<Decisions, "projects" | "touched">,
  current: ReadonlyMap<ProjectName, PagePointer>,
  serialBefore: number,
): PageBatch {
  const records: PageRecord[] = [];
  const files: PublicFile[] = [];
  for (const [project, record] of decisions.projects) {
    const pieces = projectPagePieces(record);
    const sha256 = sha256HexOfPieces(pieces);
    if (current.get(project)?.sha256 === sha256 && !entriesHidden(record.status)) continue;
    const touched = decisions.touched.get(project) ?? new Map<string, string>();
    records.push({
      project,
      sha256,
      size: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
      serial: serialBefore + records.length + 1,
      prefix: pagePrefix(project),
      status: record.status,
      ...(record.statusReason !== undefined && { statusReason: record.statusReason }),
      changed: [...touched].map(([filename, version]) => {
        return { filename, version, entry: findProjectFile(record, filename)?.entry };
      }),
    });
    files.push({ path: publicPagePath(project, sha256), pieces });
  }
  return { records, files };
}

/** A quarantined project's page does not show its files: they may differ although the page is the same. */
function entriesHidden(status: PageRecord["status"]): boolean {
  return status === "quarantined";
}
