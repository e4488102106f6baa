/**
 * Projects, files, outbox and page pointers in the index's database. Reads that the hot paths make one row at a time go
 * through prepared statements on the read-only connection.
 */
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
import type { SyncQueries } from "./sync-queries.ts";

/** Rows that can be bound in one query. */
const bindMax = 500;
const cursorKey = "pages-cursor";

type Queries = SyncQueries<IndexTables>;

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
      durable.run((writer) => {
        const { project, filename } = upload.file;
        const decision = decide(readUploadState(writer, project, filename, upload.accountId));
        if (decision.kind === "publish") insertUpload(writer, upload, decision.change);
        return decision;
      }),
    recordChange: (entry, check) =>
      durable.run((writer) => {
        check(readChangeState(writer, entry.change));
        insertChange(writer, entry.change, entry.purge, entry.at);
      }),
    recordResult: (result, at) => relaxed.run((writer) => recordResult(writer, result, at)),
    adoptPage: (page, pointer, at) => relaxed.run((writer) => adoptPage(writer, page, pointer, at)),
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
  const { query, read } = database;
  return {
    readUploadState: async (project, filename, accountId) =>
      readUploadState(read, project, filename, accountId),
    async readOutbox() {
      const rows = await query
        .selectFrom("outbox")
        .selectAll()
        .where("outcome", "is", null)
        .orderBy("seq")
        .execute();
      return rows.map(outboxEntryOfRow);
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
  read,
}: Database<IndexTables>): Pick<
  ReleaseStore,
  "findChange" | "findFile" | "findPage" | "findProject"
> {
  const { build } = read;
  return {
    async findChange(id) {
      const row = read.first(build.selectFrom("outbox").selectAll().where("id", "=", id));
      return row && outboxEntryOfRow(row);
    },
    async findPage(project) {
      const row = read.first(build.selectFrom("page").selectAll().where("project", "=", project));
      return row && pagePointerOfRow(row);
    },
    async findFile(filename) {
      const row = read.first(build.selectFrom("file").selectAll().where("filename", "=", filename));
      return row && fileOfRow(row);
    },
    async findProject(name) {
      const row = findProjectRow(read, name);
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
        const known = await trx
          .selectFrom("project")
          .select("name")
          .where("name", "=", project)
          .executeTakeFirst();
        if (known === undefined) {
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

function readUploadState(
  queries: Queries,
  project: ProjectName,
  filename: string,
  accountId: string,
): UploadState {
  const projectRow = findProjectRow(queries, project);
  const member = queries.first(
    queries.build
      .selectFrom("member")
      .select("role")
      .where("project", "=", project)
      .where("account_id", "=", accountId),
  );
  const file = queries.first(
    queries.build.selectFrom("file").selectAll().where("filename", "=", filename),
  );
  const pending =
    file?.state === "pending"
      ? queries.first(
          queries.build
            .selectFrom("outbox")
            .select("id")
            .where("filename", "=", filename)
            .where("outcome", "is", null),
        )
      : undefined;
  return {
    ...(projectRow !== undefined && { project: projectOfRow(projectRow) }),
    ...(member !== undefined && { role: projectRoleOfRow(member.role) }),
    ...(file !== undefined && { file: fileOfRow(file) }),
    ...(pending !== undefined && { pendingChange: pending.id }),
  };
}

function readChangeState(queries: Queries, change: Change): ChangeState {
  const project = findProjectRow(queries, change.project);
  const file =
    "filename" in change
      ? queries.first(
          queries.build.selectFrom("file").selectAll().where("filename", "=", change.filename),
        )
      : undefined;
  return {
    ...(project !== undefined && { project: projectOfRow(project) }),
    ...(file !== undefined && { file: fileOfRow(file) }),
  };
}

function insertUpload(queries: Queries, upload: NewUpload, change: Change): void {
  const { file, accountId, at } = upload;
  const row = { name: file.project, status: "active", status_reason: null };
  const created = queries.run(
    queries.build
      .insertInto("project")
      .values({ ...row, created_at: at.toISOString() })
      .onConflict((conflict) => conflict.column("name").doNothing()),
  );
  if (created === 1) {
    queries.run(
      queries.build
        .insertInto("member")
        .values({ project: file.project, account_id: accountId, role: "owner" }),
    );
  }
  queries.run(queries.build.replaceInto("file").values(fileRow(file)));
  insertChange(queries, change, false, at);
}

function insertChange(queries: Queries, change: Change, purge: boolean, at: Date): void {
  queries.run(
    queries.build.insertInto("outbox").values({
      id: change.id,
      filename: "filename" in change ? change.filename : null,
      change: changeText(change),
      purge: purge ? 1 : 0,
      created_at: at.toISOString(),
      outcome: null,
      message: null,
    }),
  );
}

function findProjectRow(queries: Queries, name: ProjectName): IndexTables["project"] | undefined {
  return queries.first(queries.build.selectFrom("project").selectAll().where("name", "=", name));
}
