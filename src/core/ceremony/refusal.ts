/** One thing that is wrong with a proposal. */
import type { CeremonyCode } from "#core/errors.ts";

export type CeremonyRefusal = {
  readonly code: CeremonyCode;
  /** One sentence. What it quotes from files may hold anything: show it escaped. */
  readonly message: string;
};

export function refusal(code: CeremonyCode, message: string): CeremonyRefusal {
  return { code, message };
}
