/**
 * Who is asking: HTTP Basic (RFC 7617) with the user name `__token__` and a token as the password, which is what every
 * Python client can send. Remembers whom it has recognised, because an installer sends its header a hundred times;
 * what it remembers is thrown away with every change to tokens, and expiry is looked at each time.
 */
import { parseBase64 } from "#formats/bytes/base64.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { RefusedError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import type { AccountStore } from "./account-store.ts";
import { hashToken, isTokenLive, tokenUsername, type Token } from "./token.ts";

export type Authenticator = {
  /** The live token in an `Authorization` header, or RefusedError `auth.missing` or `auth.invalid`. */
  authenticate(authorization: string | undefined): Promise<Token>;
  /** The same at once, when the header was recognised before; undefined says nothing. */
  recall(authorization: string): Token | undefined;
  /** To be called after any change to tokens. */
  forget(): void;
};

const rememberedMax = 1_000;
const authorizationLengthMax = 1_024;

export function createAuthenticator(ports: {
  readonly clock: Clock;
  readonly accounts: AccountStore;
}): Authenticator {
  const remembered = new Map<string, Token>();
  let generation = 0;
  const recall = (authorization: string): Token | undefined => {
    const token = remembered.get(authorization);
    return token !== undefined && isTokenLive(token, ports.clock()) ? token : undefined;
  };
  return {
    recall,
    async authenticate(authorization) {
      if (authorization === undefined || authorization === "") return missing();
      const known = recall(authorization);
      if (known !== undefined) return known;
      const asked = generation;
      const token = await findToken(ports.accounts, authorization);
      if (!isTokenLive(token, ports.clock())) throw invalid("it was revoked or has expired");
      if (asked === generation) {
        if (remembered.size >= rememberedMax) remembered.clear();
        remembered.set(authorization, token);
      }
      return token;
    },
    forget() {
      generation += 1;
      remembered.clear();
    },
  };
}

async function findToken(accounts: AccountStore, authorization: string): Promise<Token> {
  const { username, password } = parseBasic(authorization);
  if (username !== tokenUsername) {
    throw invalid(`the user name must be ${tokenUsername} and the password a token`);
  }
  const hash = hashToken(password.trim());
  if (hash === undefined) throw invalid("the password is not a token of this index (hf_...)");
  const token = await accounts.findToken(hash);
  if (token === undefined) throw invalid("this index does not know it");
  return token;
}

function parseBasic(authorization: string): { username: string; password: string } {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization)?.[1];
  if (encoded === undefined || authorization.length > authorizationLengthMax) {
    throw invalid("expected HTTP Basic authentication");
  }
  try {
    const text = parseUtf8(parseBase64(encoded));
    const colon = text.indexOf(":");
    if (colon >= 0) return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw invalid("the HTTP Basic credentials cannot be read");
}

function missing(): never {
  throw new RefusedError(
    "auth.missing",
    `Authentication is needed: user name ${tokenUsername}, a token of this index as password`,
  );
}

function invalid(reason: string): RefusedError {
  return new RefusedError("auth.invalid", `Cannot accept this token: ${reason}`);
}
