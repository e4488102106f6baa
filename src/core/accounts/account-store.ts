import type { Account } from "./account.ts";
import type { Token } from "./token.ts";

/** Accounts and tokens. Every write is durable on return: a token that was revoked stays revoked after a power cut. */
export type AccountStore = {
  /** RefusedError `account.exists` when the name is taken. */
  createAccount(account: Account): Promise<void>;
  /** By name. */
  findAccount(name: string): Promise<Account | undefined>;
  /** All, by name. */
  readAccounts(): Promise<readonly Account[]>;
  /** `hash` is unique; the account exists (`account.unknown`). */
  createToken(token: Token, hash: string): Promise<void>;
  /** By the hash of its text; also when revoked or expired, which the caller judges. */
  findToken(hash: string): Promise<Token | undefined>;
  /** All, oldest first, revoked ones too. */
  readTokens(): Promise<readonly Token[]>;
  /** RefusedError `token.unknown`. A second revocation keeps the first time. */
  revokeToken(id: string, at: Date): Promise<Token>;
};
