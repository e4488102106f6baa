import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountStore } from "./account-store.ts";
import { createAccountOffice, type AccountOffice } from "./account-office.ts";
import type { SecretFile } from "./secret-file.ts";
import { hashToken, isTokenLive, type Token } from "./token.ts";
import { RefusedError } from "#core/errors.ts";
import type { Account } from "./account.ts";

const now = new Date("2026-01-02T03:04:05Z");

type Office = {
  readonly office: AccountOffice;
  readonly accounts: Map<string, Account>;
  readonly tokens: Map<string, Token>;
  readonly files: Map<string, string>;
  readonly events: string[];
  failWrites: boolean;
};

function anOffice(): Office {
  const accounts = new Map<string, Account>();
  const tokens = new Map<string, Token>();
  const files = new Map<string, string>();
  const events: string[] = [];
  let count = 0;
  const secret = (name: string): SecretFile => ({
    read: async () => files.get(name),
    async write(text) {
      if (made.failWrites) throw new Error("killed");
      files.set(name, text);
      events.push(`write ${name}`);
    },
    async remove() {
      files.delete(name);
      events.push(`remove ${name}`);
    },
  });
  const store: Partial<AccountStore> = {
    readAccounts: async () => [...accounts.values()],
    readTokens: async () => [...tokens.values()],
    findAccount: async (name) => accounts.get(name),
    findToken: async (hash) => tokens.get(hash),
    createAccount: async (account) => void accounts.set(account.name, account),
    async createToken(token, hash) {
      tokens.set(hash, token);
      events.push(`token ${token.label}`);
    },
    async revokeToken(id, at) {
      for (const [hash, token] of tokens) {
        if (token.id === id) {
          tokens.set(hash, { ...token, revokedAt: at });
          return { ...token, revokedAt: at };
        }
      }
      throw new RefusedError("token.unknown", "none");
    },
  };
  const office = createAccountOffice({
    clock: () => now,
    random: (size) => new Uint8Array(size).fill((count += 1)),
    accounts: store as AccountStore,
    firstToken: secret("first"),
    proxyCredentials: secret("proxy"),
    onTokensChanged: () => events.push("changed"),
  });
  const made: Office = { office, accounts, tokens, files, events, failWrites: false };
  return made;
}

test("a new index has one account and one token that reads and uploads", async () => {
  const { accounts, files, office, tokens } = anOffice();
  await office.open(false);
  await office.open(false);
  assert.deepEqual([...accounts.keys()], ["admin"]);
  assert.equal(tokens.size, 1);
  const token = tokens.get(hashToken((files.get("first") ?? "").trim()) ?? "");
  assert.deepEqual(token?.actions, ["read", "upload"]);
  assert.equal(files.has("proxy"), false);
});

test("a private one gives the proxy beside it a token that only reads, once", async () => {
  const { files, office, tokens } = anOffice();
  await office.open(true);
  const credentials = JSON.parse(files.get("proxy") ?? "");
  assert.equal(credentials.username, "__token__");
  assert.deepEqual(tokens.get(hashToken(credentials.password) ?? "")?.actions, ["read"]);
  await office.open(true);
  assert.equal(tokens.size, 2);
});

test("killed between file and store, the next start makes a pair that fits", async () => {
  const made = anOffice();
  made.failWrites = true;
  await assert.rejects(made.office.open(true), /killed/);
  assert.equal(made.tokens.size, 0);
  made.failWrites = false;
  await made.office.open(true);
  for (const text of [
    made.files.get("first")?.trim(),
    JSON.parse(made.files.get("proxy") ?? "").password,
  ]) {
    assert.notEqual(made.tokens.get(hashToken(text ?? "") ?? ""), undefined);
  }
});

test("the first token's file goes with the token, and with no other", async () => {
  const { events, files, office, tokens } = anOffice();
  await office.open(false);
  const { token } = await office.createToken({
    accountName: "admin",
    label: "b",
    actions: ["read"],
  });
  await office.revokeToken(token.id);
  assert.equal(files.has("first"), true);
  const [first] = [...tokens.values()];
  await office.revokeToken(first?.id ?? "");
  assert.equal(files.has("first"), false);
  assert.deepEqual(events.slice(-2), ["changed", "remove first"]);
  await assert.rejects(office.revokeToken("none"), { code: "token.unknown" });
});

test("a file with a dead token is taken away at the start", async () => {
  const { files, office, tokens } = anOffice();
  await office.open(false);
  for (const [hash, token] of tokens) tokens.set(hash, { ...token, revokedAt: now });
  await office.open(false);
  assert.equal(files.has("first"), false);
});

test("isTokenLive() ends with the very moment", () => {
  const token: Token = {
    id: "1",
    accountId: "1",
    accountName: "a",
    label: "",
    actions: ["read"],
    createdAt: now,
    expiresAt: new Date(now.getTime() + 10),
  };
  assert.equal(isTokenLive(token, new Date(now.getTime() + 9)), true);
  assert.equal(isTokenLive(token, new Date(now.getTime() + 10)), false);
  assert.equal(isTokenLive({ ...token, revokedAt: now }, now), false);
});

test("hashToken() takes nothing but tokens", () => {
  const text = `hf_${"Az09-_x".repeat(7).slice(0, 43)}`;
  assert.match(hashToken(text) ?? "", /^[0-9a-f]{64}$/);
  for (const bad of ["", "hf_", `${text}x`, ` ${text}`, text.replace("hf_", "hf-"), `${text}\n`]) {
    assert.equal(hashToken(bad), undefined, bad);
  }
});

test("createToken() refuses an account there is not", async () => {
  const { office } = anOffice();
  const wish = { accountName: "bob", label: "", actions: ["read"] as const };
  await assert.rejects(office.createToken(wish), { code: "account.unknown" });
});
