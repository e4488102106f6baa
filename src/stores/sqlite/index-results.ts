/** What the signer's answers do to the index's tables. Each function runs inside the caller's transaction. */
import type { Kysely } from "kysely";
import type { AppliedChange, ChangeOutcome, FileEntry } from "#core/releases/catalogue.ts";
import type { Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import { fileRow, outboxEntryOfRow, yankedColumn } from "./index-rows.ts";
import type { IndexTables } from "./index-tables.ts";

type Query = Kysely<IndexTables>;

export async function recordResult(
  trx: Query,
  result: ChangeResult,
  at: Date,
): Promise<AppliedChange | undefined> {
  const row = await trx
    .selectFrom("outbox")
    .selectAll()
    .where("id", "=", result.id)
    .where("outcome", "is", null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { change, purge } = outboxEntryOfRow(row);
  const refused = result.outcome === "refused" ? result : undefined;
  await trx
    .updateTable("outbox")
    .set({
      outcome: refused?.code ?? "published",
      message: refused?.message ?? null,
      created_at: at.toISOString(),
    })
    .where("id", "=", result.id)
    .execute();
  if (result.outcome === "refused") {
    const { code, message } = result;
    const outcome: ChangeOutcome = { kind: "refused", code, message };
    const unneeded = change.kind === "add-file" ? await forgetFile(trx, change.filename) : [];
    return { change, outcome, unneeded };
  }
  const unneeded = await applyPublished(trx, change, purge);
  const moved = await movePage(trx, result.page);
  return {
    change,
    outcome: { kind: "published" },
    ...(moved && { page: result.page }),
    unneeded,
  };
}

/** Answers the hashes that nothing needs any more. */
async function applyPublished(
  trx: Query,
  change: Change,
  purge: boolean,
): Promise<readonly string[]> {
  switch (change.kind) {
    case "add-file":
      await trx
        .updateTable("file")
        .set({ state: "published" })
        .where("filename", "=", change.filename)
        .where("state", "=", "pending")
        .execute();
      return [];
    case "yank-file":
      await trx
        .updateTable("file")
        .set({ yanked: yankedColumn(change.yanked) })
        .where("filename", "=", change.filename)
        .execute();
      return [];
    case "remove-file":
      await trx
        .updateTable("file")
        .set({ state: purge ? "purged" : "deleted" })
        .where("filename", "=", change.filename)
        .execute();
      return purge ? unneededHash(trx, change.filename) : [];
    case "set-status":
      await trx
        .updateTable("project")
        .set({ status: change.status, status_reason: change.reason ?? null })
        .where("name", "=", change.project)
        .execute();
      return [];
  }
}

/** A file the signer refused was never there; nor was its project, when it was to be the first. */
async function forgetFile(trx: Query, filename: string): Promise<readonly string[]> {
  const file = await trx
    .selectFrom("file")
    .select(["project", "sha256"])
    .where("filename", "=", filename)
    .where("state", "=", "pending")
    .executeTakeFirst();
  if (file === undefined) return [];
  await trx.deleteFrom("file").where("filename", "=", filename).execute();
  const { project, sha256 } = file;
  const others = await trx
    .selectFrom("file")
    .select("filename")
    .where("project", "=", project)
    .limit(1)
    .executeTakeFirst();
  const page = await trx
    .selectFrom("page")
    .select("serial")
    .where("project", "=", project)
    .executeTakeFirst();
  if (others === undefined && page === undefined) {
    await trx.deleteFrom("project").where("name", "=", project).execute();
  }
  return (await isHashNeeded(trx, sha256)) ? [] : [sha256];
}

async function unneededHash(trx: Query, filename: string): Promise<readonly string[]> {
  const file = await trx
    .selectFrom("file")
    .select("sha256")
    .where("filename", "=", filename)
    .executeTakeFirst();
  return file === undefined || (await isHashNeeded(trx, file.sha256)) ? [] : [file.sha256];
}

async function isHashNeeded(trx: Query, sha256: string): Promise<boolean> {
  const row = await trx
    .selectFrom("file")
    .select("filename")
    .where("sha256", "=", sha256)
    .where("state", "!=", "purged")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** False when the page that is known is as new. */
async function movePage(trx: Query, pointer: PagePointer): Promise<boolean> {
  const { project, sha256, size, serial } = pointer;
  const moved = await trx
    .insertInto("page")
    .values({ project, sha256, size, serial })
    .onConflict((conflict) =>
      conflict
        .column("project")
        .doUpdateSet({ sha256, size, serial })
        .where("page.serial", "<", serial),
    )
    .executeTakeFirst();
  return moved.numInsertedOrUpdatedRows === 1n;
}

export async function adoptPage(
  trx: Query,
  page: Page,
  pointer: PagePointer,
  at: Date,
): Promise<boolean> {
  const status = { status: page.status, status_reason: page.statusReason ?? null };
  await trx
    .insertInto("project")
    .values({ name: page.name, ...status, created_at: at.toISOString() })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  if (!(await movePage(trx, pointer))) return false;
  await trx.updateTable("project").set(status).where("name", "=", page.name).execute();
  // A quarantined project's page names no files (PEP 792), which says nothing of what it has.
  if (page.status !== "quarantined") await adoptFiles(trx, page);
  return true;
}

async function adoptFiles(trx: Query, page: Page): Promise<void> {
  const known = await trx
    .selectFrom("file")
    .select(["filename", "state"])
    .where("project", "=", page.name)
    .execute();
  const named = new Set(page.files.map((file) => file.filename));
  for (const { filename, state } of known) {
    if (state !== "published" || named.has(filename)) continue;
    await trx
      .updateTable("file")
      .set({ state: "deleted" })
      .where("filename", "=", filename)
      .execute();
  }
  for (const file of page.files) {
    const row = fileRow(fileEntryOfPage(page.name, file));
    // What only this index knew (other hashes, who uploaded) stays; what the page says is what holds.
    const { sha256, size, upload_time, requires_python, core_metadata, yanked, state } = row;
    const said = { sha256, size, upload_time, requires_python, core_metadata, yanked, state };
    await trx
      .insertInto("file")
      .values(row)
      .onConflict((conflict) => conflict.column("filename").doUpdateSet(said))
      .execute();
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
