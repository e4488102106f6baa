/** Accounts: who owns projects and tokens. A person, or a robot such as a build server. */
import { RefusedError } from "#core/errors.ts";

export type Account = {
  /** Never given twice; projects and tokens refer to it, so that a name can change hands. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
};

export const accountNameLengthMax = 64;

const accountName = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

/** An account's name as it is kept: lower case, so that nobody can be taken for another. Or `request.invalid`. */
export function parseAccountName(text: string): string {
  const name = text.toLowerCase();
  if (name.length <= accountNameLengthMax && accountName.test(name)) return name;
  throw new RefusedError(
    "request.invalid",
    `Cannot use this account name: letters, digits, ".", "_" and "-" only, at most ${accountNameLengthMax}`,
  );
}
