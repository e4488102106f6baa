/** What every AccountStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { AccountStore } from "./account-store.ts";
import type { Token } from "./token.ts";

const at: Date = new Date("2026-01-02T03:04:05.678Z");

export function testAccountStore(
  name: string,
  make: () => Promise<{ readonly accounts: AccountStore; close(): Promise<void> }>,
): void {
  const run = (claim: string, body: (accounts: AccountStore) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under.accounts);
      } finally {
        await under.close();
      }
    });
  };

  run("an account's name is taken once", async (accounts) => {
    await accounts.createAccount({ id: "1", name: "bob", createdAt: at });
    await accounts.createAccount({ id: "2", name: "alice", createdAt: at });
    await assert.rejects(accounts.createAccount({ id: "3", name: "bob", createdAt: at }), {
      code: "account.exists",
    });
    assert.deepEqual(await accounts.findAccount("bob"), { id: "1", name: "bob", createdAt: at });
    assert.equal(await accounts.findAccount("carol"), undefined);
    assert.deepEqual(
      (await accounts.readAccounts()).map((account) => account.name),
      ["alice", "bob"],
    );
  });

  run("a token is found by its hash with all it was given", async (accounts) => {
    await accounts.createAccount({ id: "1", name: "bob", createdAt: at });
    const plain = aToken("t1");
    const scoped: Token = {
      ...aToken("t2"),
      createdAt: new Date(at.getTime() + 1),
      actions: ["upload"],
      projects: [normaliseProjectName("demo"), normaliseProjectName("other")],
      expiresAt: new Date(at.getTime() + 1000),
    };
    await accounts.createToken(scoped, "hash-2");
    await accounts.createToken(plain, "hash-1");
    assert.deepEqual(await accounts.findToken("hash-1"), plain);
    assert.deepEqual(await accounts.findToken("hash-2"), scoped);
    assert.equal(await accounts.findToken("t1"), undefined);
    assert.deepEqual(await accounts.readTokens(), [plain, scoped]);
    await assert.rejects(accounts.createToken({ ...plain, id: "t3", accountId: "9" }, "hash-3"), {
      code: "account.unknown",
    });
  });

  run("a revocation keeps its first time", async (accounts) => {
    await accounts.createAccount({ id: "1", name: "bob", createdAt: at });
    await accounts.createToken(aToken("t1"), "hash-1");
    await accounts.revokeToken("t1", at);
    const again = await accounts.revokeToken("t1", new Date(at.getTime() + 1));
    assert.deepEqual(again.revokedAt, at);
    assert.deepEqual((await accounts.findToken("hash-1"))?.revokedAt, at);
    await assert.rejects(accounts.revokeToken("t9", at), { code: "token.unknown" });
  });
}

function aToken(id: string): Token {
  return {
    id,
    accountId: "1",
    accountName: "bob",
    label: "laptop",
    actions: ["read", "upload"],
    createdAt: at,
  };
}
