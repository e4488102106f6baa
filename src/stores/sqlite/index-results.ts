/** What the signer's answers do to the index's tables. Each function runs inside the caller's transaction. */
import type { AppliedChange, ChangeOutcome, FileEntry } from "#core/releases/catalogue.ts";
import type { Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import { fileRow, outboxEntryOfRow, yankedColumn } from "./index-rows.ts";
import type { IndexTables } from "./index-tables.ts";
import type { SyncQueries } from "./sync-queries.ts";

type Writer = SyncQueries<IndexTables>;

export function recordResult(
  writer: Writer,
  result: ChangeResult,
  at: Date,
): AppliedChange | undefined {
  const row = writer.first(
    writer.build
      .selectFrom("outbox")
      .selectAll()
      .where("id", "=", result.id)
      .where("outcome", "is", null),
  );
  if (row === undefined) return undefined;
  const { change, purge } = outboxEntryOfRow(row);
  const refused = result.outcome === "refused" ? result : undefined;
  writer.run(
    writer.build
      .updateTable("outbox")
      .set({
        outcome: refused?.code ?? "published",
        message: refused?.message ?? null,
        created_at: at.toISOString(),
      })
      .where("id", "=", result.id),
  );
  if (result.outcome === "refused") {
    const { code, message } = result;
    const outcome: ChangeOutcome = { kind: "refused", code, message };
    const unneeded = change.kind === "add-file" ? forgetFile(writer, change.filename) : [];
    return { change, outcome, unneeded };
  }
  const unneeded = applyPublished(writer, change, purge);
  const moved = movePage(writer, result.page);
  return {
    change,
    outcome: { kind: "published" },
    ...(moved && { page: result.page }),
    unneeded,
  };
}

/** Answers the hashes that nothing needs any more. */
function applyPublished(writer: Writer, change: Change, purge: boolean): readonly string[] {
  switch (change.kind) {
    case "add-file":
      writer.run(
        writer.build
          .updateTable("file")
          .set({ state: "published" })
          .where("filename", "=", change.filename)
          .where("state", "=", "pending"),
      );
      return [];
    case "yank-file":
      writer.run(
        writer.build
          .updateTable("file")
          .set({ yanked: yankedColumn(change.yanked) })
          .where("filename", "=", change.filename),
      );
      return [];
    case "remove-file":
      writer.run(
        writer.build
          .updateTable("file")
          .set({ state: purge ? "purged" : "deleted" })
          .where("filename", "=", change.filename),
      );
      return purge ? unneededHash(writer, change.filename) : [];
    case "set-status":
      writer.run(
        writer.build
          .updateTable("project")
          .set({ status: change.status, status_reason: change.reason ?? null })
          .where("name", "=", change.project),
      );
      return [];
  }
}

/** A file the signer refused was never there; nor was its project, when it was to be the first. */
function forgetFile(writer: Writer, filename: string): readonly string[] {
  const file = writer.first(
    writer.build
      .selectFrom("file")
      .select(["project", "sha256"])
      .where("filename", "=", filename)
      .where("state", "=", "pending"),
  );
  if (file === undefined) return [];
  writer.run(writer.build.deleteFrom("file").where("filename", "=", filename));
  const { project, sha256 } = file;
  const others = writer.first(
    writer.build.selectFrom("file").select("filename").where("project", "=", project).limit(1),
  );
  const page = writer.first(
    writer.build.selectFrom("page").select("serial").where("project", "=", project),
  );
  if (others === undefined && page === undefined) {
    writer.run(writer.build.deleteFrom("project").where("name", "=", project));
  }
  return isHashNeeded(writer, sha256) ? [] : [sha256];
}

function unneededHash(writer: Writer, filename: string): readonly string[] {
  const file = writer.first(
    writer.build.selectFrom("file").select("sha256").where("filename", "=", filename),
  );
  return file === undefined || isHashNeeded(writer, file.sha256) ? [] : [file.sha256];
}

function isHashNeeded(writer: Writer, sha256: string): boolean {
  const row = writer.first(
    writer.build
      .selectFrom("file")
      .select("filename")
      .where("sha256", "=", sha256)
      .where("state", "!=", "purged")
      .limit(1),
  );
  return row !== undefined;
}

/** False when the page that is known is as new. */
function movePage(writer: Writer, pointer: PagePointer): boolean {
  const { project, sha256, size, serial } = pointer;
  const moved = writer.run(
    writer.build
      .insertInto("page")
      .values({ project, sha256, size, serial })
      .onConflict((conflict) =>
        conflict
          .column("project")
          .doUpdateSet({ sha256, size, serial })
          .where("page.serial", "<", serial),
      ),
  );
  return moved === 1;
}

export function adoptPage(writer: Writer, page: Page, pointer: PagePointer, at: Date): boolean {
  const status = { status: page.status, status_reason: page.statusReason ?? null };
  writer.run(
    writer.build
      .insertInto("project")
      .values({ name: page.name, ...status, created_at: at.toISOString() })
      .onConflict((conflict) => conflict.column("name").doNothing()),
  );
  if (!movePage(writer, pointer)) return false;
  writer.run(writer.build.updateTable("project").set(status).where("name", "=", page.name));
  // A quarantined project's page names no files (PEP 792), which says nothing of what it has.
  if (page.status !== "quarantined") adoptFiles(writer, page);
  return true;
}

function adoptFiles(writer: Writer, page: Page): void {
  const known = writer.all(
    writer.build.selectFrom("file").select(["filename", "state"]).where("project", "=", page.name),
  );
  const named = new Set(page.files.map((file) => file.filename));
  for (const { filename, state } of known) {
    if (state !== "published" || named.has(filename)) continue;
    writer.run(
      writer.build.updateTable("file").set({ state: "deleted" }).where("filename", "=", filename),
    );
  }
  for (const file of page.files) {
    const row = fileRow(fileEntryOfPage(page.name, file));
    // What only this index knew (other hashes, who uploaded) stays; what the page says is what holds.
    const { sha256, size, upload_time, requires_python, core_metadata, yanked, state } = row;
    const said = { sha256, size, upload_time, requires_python, core_metadata, yanked, state };
    writer.run(
      writer.build
        .insertInto("file")
        .values(row)
        .onConflict((conflict) => conflict.column("filename").doUpdateSet(said)),
    );
  }
}

function fileEntryOfPage(project: ProjectName, file: PageFile): FileEntry {
  const { filename, sha256, size, version, uploadTime, requiresPython, coreMetadata, yanked } =
    file;
  return {
    filename,
    project,
    version,
    kind: parseDistributionFilename(filename, project).kind,
    sha256,
    size,
    uploadTime,
    ...(requiresPython !== undefined && { requiresPython }),
    ...(coreMetadata !== undefined && { coreMetadata }),
    summary: "",
    yanked,
    state: "published",
  };
}
