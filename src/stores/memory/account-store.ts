/** Accounts and tokens in memory: for tests and simulated worlds. */
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { Account } from "#core/accounts/account.ts";
import type { Token } from "#core/accounts/token.ts";
import { RefusedError } from "#core/errors.ts";

export function createMemoryAccountStore(): AccountStore {
  const accounts = new Map<string, Account>();
  /** By hash, oldest first. */
  const tokens = new Map<string, Token>();
  return {
    async createAccount(account) {
      if (accounts.has(account.name)) {
        throw new RefusedError("account.exists", `There is an account '${account.name}' already.`);
      }
      accounts.set(account.name, account);
    },
    findAccount: async (name) => accounts.get(name),
    readAccounts: async () => [...accounts.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    async createToken(token, hash) {
      if (![...accounts.values()].some(({ id }) => id === token.accountId)) {
        throw new RefusedError("account.unknown", `There is no account '${token.accountName}'.`);
      }
      tokens.set(hash, token);
    },
    findToken: async (hash) => tokens.get(hash),
    readTokens: async () =>
      [...tokens.values()].toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
    async revokeToken(id, at) {
      for (const [hash, token] of tokens) {
        if (token.id !== id) continue;
        const revoked = { ...token, revokedAt: token.revokedAt ?? at };
        tokens.set(hash, revoked);
        return revoked;
      }
      throw new RefusedError("token.unknown", `There is no token '${id}'.`);
    },
  };
}
