/** For copies that were kept: a rule that refuses one is no attack, the file is simply fetched again. */
import { FormatError } from "#formats/format-error.ts";
import { TrustError } from "#core/errors.ts";

/** What the rule says, or undefined where it refuses. */
export function unlessRefused<T>(rule: () => T): T | undefined {
  try {
    return rule();
  } catch (error) {
    if (error instanceof TrustError || error instanceof FormatError) return undefined;
    throw error;
  }
}
