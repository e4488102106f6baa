/**
 * Projects, files, outbox and page pointers in the index's database. Reads that the hot paths make one row at a time go
 * through prepared statements on the read-only connection.
 */
import type { Kysely } from "kysely";
import type { ChangeState } from "#core/releases/accept-change.ts";
import type { UploadState } from "#core/releases/accept-upload.ts";
import type { NewUpload, ReleaseStore } from "#core/releases/release-store.ts";
import { RefusedError } from "#core/errors.ts";
import type { Change } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Database } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { adoptPage, recordResult } from "./index-results.ts";
import {
  changeText,
  fileOfRow,
  fileRow,
  outboxEntryOfRow,
  pagePointerOfRow,
  projectNameOfRow,
  projectOfRow,
  projectRoleOfRow,
} from "./index-rows.ts";
import type { IndexTables } from "./index-tables.ts";

/** Rows that can be bound in one query. */
const bindMax = 500;
const cursorKey = "pages-cursor";

type Query = Kysely<IndexTables>;

export function createSqliteReleaseStore(database: Database<IndexTables>): ReleaseStore {
  return { ...createWriter(database), ...createReader(database), ...createMembers(database) };
}

type WriterMethods =
  | "adoptPage"
  | "recordChange"
  | "recordResult"
  | "recordUpload"
  | "sweepOutbox"
  | "writePagesCursor";
type MemberMethods = "readMembers" | "writeMember";

function createWriter(database: Database<IndexTables>): Pick<ReleaseStore, WriterMethods> {
  const durable = new GroupCommit(database, "full");
  const relaxed = new GroupCommit(database, "relaxed");
  return {
    recordUpload: (upload, decide) =>
      durable.run(async (trx) => {
        const { project, filename } = upload.file;
        const decision = decide(await readUploadState(trx, project, filename, upload.accountId));
        if (decision.kind === "publish") await insertUpload(trx, upload, decision.change);
        return decision;
      }),
    recordChange: (entry, check) =>
      durable.run(async (trx) => {
        check(await readChangeState(trx, entry.change));
        await insertChange(trx, entry.change, entry.purge, entry.at);
      }),
    recordResult: (result, at) => relaxed.run((trx) => recordResult(trx, result, at)),
    adoptPage: (page, pointer, at) => relaxed.run((trx) => adoptPage(trx, page, pointer, at)),
    sweepOutbox: (at) =>
      database.transact(async (trx) => {
        await trx
          .deleteFrom("outbox")
          .where("outcome", "is not", null)
          .where("created_at", "<", at.toISOString())
          .execute();
      }, "relaxed"),
    writePagesCursor: (serial) =>
      database.transact(async (trx) => {
        await trx
          .insertInto("setting")
          .values({ key: cursorKey, value: String(serial) })
          .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: String(serial) }))
          .execute();
      }, "relaxed"),
  };
}

function createReader(
  database: Database<IndexTables>,
): Omit<ReleaseStore, MemberMethods | WriterMethods> {
  const { query } = database;
  return {
    readUploadState: (project, filename, accountId) =>
      readUploadState(query, project, filename, accountId),
    async readOutbox() {
      const rows = await query
        .selectFrom("outbox")
        .selectAll()
        .where("outcome", "is", null)
        .orderBy("seq")
        .execute();
      return rows.map(outboxEntryOfRow);
    },
    async findChange(id) {
      const row = await query
        .selectFrom("outbox")
        .selectAll()
        .where("id", "=", id)
        .executeTakeFirst();
      return row && outboxEntryOfRow(row);
    },
    async readPagesCursor() {
      const row = await query
        .selectFrom("setting")
        .select("value")
        .where("key", "=", cursorKey)
        .executeTakeFirst();
      return Number(row?.value ?? 0);
    },
    ...createRowReader(database),
    async readProjects({ search, after, limit }) {
      let select = query.selectFrom("project").selectAll().orderBy("name").limit(limit);
      if (after !== undefined) select = select.where("name", ">", after);
      // Names hold neither % nor _; the search text is normalised as they are.
      if (search !== undefined) select = select.where("name", "like", `%${search}%`);
      return (await select.execute()).map(projectOfRow);
    },
    async readOfferedNames() {
      const rows = await query
        .selectFrom("page")
        .innerJoin("project", "project.name", "page.project")
        .select("page.project")
        .where("project.status", "!=", "quarantined")
        .orderBy("page.project")
        .execute();
      return rows.map((row) => projectNameOfRow(row.project));
    },
    async countCatalogue() {
      const { count, sum } = query.fn;
      const projects = await query
        .selectFrom("page")
        .select(count<number>("project").as("count"))
        .executeTakeFirstOrThrow();
      const files = await query
        .selectFrom("file")
        .select([count<number>("filename").as("count"), sum<number | null>("size").as("size")])
        .where("state", "=", "published")
        .executeTakeFirstOrThrow();
      return { projects: projects.count, files: files.count, size: files.size ?? 0 };
    },
    async readFiles(project) {
      const rows = await query
        .selectFrom("file")
        .selectAll()
        .where("project", "=", project)
        .orderBy("filename")
        .execute();
      return rows.map(fileOfRow);
    },
    async readNeededHashes(hashes) {
      const needed = new Set<string>();
      for (let at = 0; at < hashes.length; at += bindMax) {
        const rows = await query
          .selectFrom("file")
          .select("sha256")
          .where("sha256", "in", hashes.slice(at, at + bindMax))
          .where("state", "!=", "purged")
          .execute();
        for (const row of rows) needed.add(row.sha256);
      }
      return needed;
    },
  };
}

/** One row by its key. */
function createRowReader({
  query,
}: Database<IndexTables>): Pick<ReleaseStore, "findFile" | "findPage" | "findProject"> {
  return {
    async findPage(project) {
      const row = await query
        .selectFrom("page")
        .selectAll()
        .where("project", "=", project)
        .executeTakeFirst();
      return row && pagePointerOfRow(row);
    },
    async findFile(filename) {
      const row = await query
        .selectFrom("file")
        .selectAll()
        .where("filename", "=", filename)
        .executeTakeFirst();
      return row && fileOfRow(row);
    },
    async findProject(name) {
      const row = await query
        .selectFrom("project")
        .selectAll()
        .where("name", "=", name)
        .executeTakeFirst();
      return row && projectOfRow(row);
    },
  };
}

function createMembers(database: Database<IndexTables>): Pick<ReleaseStore, MemberMethods> {
  return {
    async readMembers(project) {
      const rows = await database.query
        .selectFrom("member")
        .innerJoin("account", "account.id", "member.account_id")
        .select(["member.account_id", "member.role", "account.name"])
        .where("member.project", "=", project)
        .orderBy("account.name")
        .execute();
      return rows.map((row) => ({
        accountId: row.account_id,
        accountName: row.name,
        role: projectRoleOfRow(row.role),
      }));
    },
    writeMember: (project, accountName, role) =>
      database.transact(async (trx) => {
        const account = await trx
          .selectFrom("account")
          .select("id")
          .where("name", "=", accountName)
          .executeTakeFirst();
        if (account === undefined) {
          throw new RefusedError("account.unknown", `There is no account '${accountName}'.`);
        }
        if ((await findProjectRow(trx, project)) === undefined) {
          throw new RefusedError("project.unknown", `There is no project '${project}' here.`);
        }
        const row = { project, account_id: account.id };
        if (role === undefined) {
          await trx
            .deleteFrom("member")
            .where("project", "=", project)
            .where("account_id", "=", account.id)
            .execute();
        } else {
          await trx
            .insertInto("member")
            .values({ ...row, role })
            .onConflict((conflict) =>
              conflict.columns(["project", "account_id"]).doUpdateSet({ role }),
            )
            .execute();
        }
      }),
  };
}

async function readUploadState(
  query: Query,
  project: ProjectName,
  filename: string,
  accountId: string,
): Promise<UploadState> {
  const projectRow = await findProjectRow(query, project);
  const member = await query
    .selectFrom("member")
    .select("role")
    .where("project", "=", project)
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  const file = await query
    .selectFrom("file")
    .selectAll()
    .where("filename", "=", filename)
    .executeTakeFirst();
  const pending =
    file?.state === "pending"
      ? await query
          .selectFrom("outbox")
          .select("id")
          .where("filename", "=", filename)
          .where("outcome", "is", null)
          .executeTakeFirst()
      : undefined;
  return {
    ...(projectRow !== undefined && { project: projectOfRow(projectRow) }),
    ...(member !== undefined && { role: projectRoleOfRow(member.role) }),
    ...(file !== undefined && { file: fileOfRow(file) }),
    ...(pending !== undefined && { pendingChange: pending.id }),
  };
}

async function readChangeState(query: Query, change: Change): Promise<ChangeState> {
  const project = await findProjectRow(query, change.project);
  const file =
    "filename" in change
      ? await query
          .selectFrom("file")
          .selectAll()
          .where("filename", "=", change.filename)
          .executeTakeFirst()
      : undefined;
  return {
    ...(project !== undefined && { project: projectOfRow(project) }),
    ...(file !== undefined && { file: fileOfRow(file) }),
  };
}

async function insertUpload(trx: Query, upload: NewUpload, change: Change): Promise<void> {
  const { file, accountId, at } = upload;
  const row = { name: file.project, status: "active", status_reason: null };
  const created = await trx
    .insertInto("project")
    .values({ ...row, created_at: at.toISOString() })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .executeTakeFirst();
  if (created.numInsertedOrUpdatedRows === 1n) {
    await trx
      .insertInto("member")
      .values({ project: file.project, account_id: accountId, role: "owner" })
      .execute();
  }
  await trx.replaceInto("file").values(fileRow(file)).execute();
  await insertChange(trx, change, false, at);
}

async function insertChange(trx: Query, change: Change, purge: boolean, at: Date): Promise<void> {
  await trx
    .insertInto("outbox")
    .values({
      id: change.id,
      filename: "filename" in change ? change.filename : null,
      change: changeText(change),
      purge: purge ? 1 : 0,
      created_at: at.toISOString(),
      outcome: null,
      message: null,
    })
    .execute();
}

async function findProjectRow(
  query: Query,
  name: ProjectName,
): Promise<IndexTables["project"] | undefined> {
  return query.selectFrom("project").selectAll().where("name", "=", name).executeTakeFirst();
}
