/** Accounts and tokens in the index's database. */
import type { Kysely } from "kysely";
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { Token } from "#core/accounts/token.ts";
import { RefusedError } from "#core/errors.ts";
import type { Database } from "./database.ts";
import { accountOfRow, tokenOfRow, tokenRow } from "./index-rows.ts";
import type { IndexTables } from "./index-tables.ts";

export function createSqliteAccountStore(database: Database<IndexTables>): AccountStore {
  const { query, read } = database;
  return {
    createAccount: (account) =>
      database.transact(async (trx) => {
        const row = {
          id: account.id,
          name: account.name,
          created_at: account.createdAt.toISOString(),
        };
        const added = await trx
          .insertInto("account")
          .values(row)
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirst();
        if (added.numInsertedOrUpdatedRows === 0n) {
          throw new RefusedError(
            "account.exists",
            `There is an account '${account.name}' already.`,
          );
        }
      }),
    async findAccount(name) {
      const row = await query
        .selectFrom("account")
        .selectAll()
        .where("name", "=", name)
        .executeTakeFirst();
      return row && accountOfRow(row);
    },
    async readAccounts() {
      const rows = await query.selectFrom("account").selectAll().orderBy("name").execute();
      return rows.map(accountOfRow);
    },
    createToken: (token, hash) =>
      database.transact(async (trx) => {
        const account = await trx
          .selectFrom("account")
          .select("id")
          .where("id", "=", token.accountId)
          .executeTakeFirst();
        if (account === undefined) {
          throw new RefusedError("account.unknown", `There is no account '${token.accountName}'.`);
        }
        await trx.insertInto("token").values(tokenRow(token, hash)).execute();
      }),
    async findToken(hash) {
      const row = read.first(selectTokens(read.build).where("token.hash", "=", hash));
      return row && tokenOfRow(row);
    },
    async readTokens() {
      const rows = await selectTokens(query)
        .orderBy("token.created_at")
        .orderBy("token.id")
        .execute();
      return rows.map(tokenOfRow);
    },
    revokeToken: (id, at) =>
      database.transact(async (trx): Promise<Token> => {
        await trx
          .updateTable("token")
          .set({ revoked_at: at.toISOString() })
          .where("id", "=", id)
          .where("revoked_at", "is", null)
          .execute();
        const row = await selectTokens(trx).where("token.id", "=", id).executeTakeFirst();
        if (row === undefined)
          throw new RefusedError("token.unknown", `There is no token '${id}'.`);
        return tokenOfRow(row);
      }),
  };
}

// The inferred builder type is long and says nothing more.
// oxlint-disable-next-line typescript/explicit-function-return-type
function selectTokens(query: Kysely<IndexTables>) {
  return query
    .selectFrom("token")
    .innerJoin("account", "account.id", "token.account_id")
    .selectAll("token")
    .select("account.name as account_name");
}
