/**
 * API tokens: 32 random bytes behind `hf_`. The index keeps only the SHA-256, which is enough for a secret that nobody
 * can guess. A token can do less than its account: some actions, on some projects, for some time.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { formatBase64Url } from "#formats/bytes/base64.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Random } from "#core/ports.ts";

/** `manage` is what changes published things: yank, delete, archive. */
export type TokenAction = "manage" | "read" | "upload";

export const tokenActions: readonly TokenAction[] = ["read", "upload", "manage"];

export type TokenScope = {
  readonly actions: readonly TokenAction[];
  /** Without it, every project its account may touch. */
  readonly projects?: readonly ProjectName[];
};

export type Token = TokenScope & {
  /** Public: stands in logs and lists, and revokes. */
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  /** What its maker calls it; may be empty. */
  readonly label: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
};

export const tokenLabelLengthMax = 100;
export const tokenProjectsMax = 100;

/** The one user name that goes with a token. */
export const tokenUsername = "__token__";

const tokenText = /^hf_[A-Za-z0-9_-]{43}$/;

export type NewToken = { readonly id: string; readonly text: string; readonly hash: string };

/** A fresh token. Its text is shown once and kept nowhere. */
export function createTokenText(random: Random): NewToken {
  const text = `hf_${formatBase64Url(random(32))}`;
  return { id: formatHex(random(8)), text, hash: sha256Hex(formatUtf8(text)) };
}

/** What the store knows a token by, or undefined for what can be no token. */
export function hashToken(text: string): string | undefined {
  return tokenText.test(text) ? sha256Hex(formatUtf8(text)) : undefined;
}

export function isTokenAction(text: string): text is TokenAction {
  return text === "read" || text === "upload" || text === "manage";
}

/** Whether the token is good for anything at all at `now`. */
export function isTokenLive(token: Token, now: Date): boolean {
  return (
    token.revokedAt === undefined &&
    (token.expiresAt === undefined || now.getTime() < token.expiresAt.getTime())
  );
}
