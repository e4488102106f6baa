/**
 * Opening accounts, handing out tokens and taking them back; and what a new index starts with: one account, one token
 * that uploads and reads, and for a private index one that only reads, for the proxy on the same machine.
 */
import type { Clock, Random } from "#core/ports.ts";
import { RefusedError } from "#core/errors.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatJson } from "#formats/json/format.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parseAccountName, type Account } from "./account.ts";
import type { AccountStore } from "./account-store.ts";
import type { SecretFile } from "./secret-file.ts";
import {
  createTokenText,
  hashToken,
  isTokenLive,
  tokenUsername,
  type NewToken,
  type Token,
  type TokenAction,
} from "./token.ts";

export type AccountOfficePorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly accounts: AccountStore;
  /** Where the first token lies until it is revoked. */
  readonly firstToken: SecretFile;
  /** Where the proxy on this machine looks for its own. */
  readonly proxyCredentials: SecretFile;
  /** Tokens changed: nobody may be recognised by memory any more. */
  readonly onTokensChanged: () => void;
};

export type TokenWish = {
  readonly accountName: string;
  readonly label: string;
  readonly actions: readonly TokenAction[];
  readonly projects?: readonly ProjectName[];
  readonly expiresAt?: Date;
};

export type AccountOffice = {
  /** RefusedError `account.exists`, `request.invalid`. */
  openAccount(name: string): Promise<Account>;
  /** The text is told here and never again. RefusedError `account.unknown`. */
  createToken(wish: TokenWish): Promise<{ readonly token: Token; readonly text: string }>;
  /** RefusedError `token.unknown`. */
  revokeToken(id: string): Promise<Token>;
  /** What a new index starts with; and on every start, no file with a token that is good for nothing. */
  open(isPrivate: boolean): Promise<void>;
};

export const firstAccountName = "admin";

export function createAccountOffice(ports: AccountOfficePorts): AccountOffice {
  const { accounts, clock, firstToken, proxyCredentials, random } = ports;

  const openAccount = async (text: string): Promise<Account> => {
    const account = { id: formatHex(random(8)), name: parseAccountName(text), createdAt: clock() };
    await accounts.createAccount(account);
    return account;
  };

  const recordToken = async (wish: TokenWish, { id, hash }: NewToken): Promise<Token> => {
    const { accountName, label, actions, projects, expiresAt } = wish;
    const account = await accounts.findAccount(accountName);
    if (account === undefined) {
      throw new RefusedError("account.unknown", `There is no account '${accountName}'.`);
    }
    const token: Token = {
      id,
      accountId: account.id,
      accountName: account.name,
      label,
      actions,
      ...(projects !== undefined && { projects }),
      createdAt: clock(),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    await accounts.createToken(token, hash);
    return token;
  };

  const createToken: AccountOffice["createToken"] = async (wish) => {
    const made = createTokenText(random);
    return { token: await recordToken(wish, made), text: made.text };
  };

  const findFirstToken = async (): Promise<Token | undefined> => {
    const hash = hashToken((await firstToken.read())?.trim() ?? "");
    return hash === undefined ? undefined : accounts.findToken(hash);
  };

  return {
    openAccount,
    createToken,

    async revokeToken(id) {
      const revoked = await accounts.revokeToken(id, clock());
      ports.onTokensChanged();
      if ((await findFirstToken())?.id === id) await firstToken.remove();
      return revoked;
    },

    async open(isPrivate) {
      if ((await accounts.readAccounts()).length === 0) await openAccount(firstAccountName);
      if ((await accounts.readTokens()).length === 0) {
        const actions = ["read", "upload"] as const;
        const made = createTokenText(random);
        // The file first: ended in between, the next start finds no token and makes both anew.
        await firstToken.write(`${made.text}\n`);
        await recordToken({ accountName: firstAccountName, label: "first token", actions }, made);
      }
      const first = await findFirstToken();
      if (first !== undefined && !isTokenLive(first, clock())) await firstToken.remove();
      if (!isPrivate || (await proxyCredentials.read()) !== undefined) return;
      const label = "proxy on this machine";
      const wish = { accountName: firstAccountName, label, actions: ["read"] as const };
      // The token first: a file with a token that nobody knows would lock the proxy out.
      const { text } = await createToken(wish);
      const credentials = jsonObject({ username: tokenUsername, password: text });
      await proxyCredentials.write(`${parseUtf8(formatJson(credentials))}\n`);
    },
  };
}
