/**
 * What became of an attack. A client either gets bytes or is refused with a code; every attack says which code it
 * must be. The sentence "The attack succeeded" is what `npm run attacks:prove` looks for.
 */
import assert from "node:assert/strict";

export type Outcome =
  | { readonly kind: "served"; readonly what: string; readonly bytes: Uint8Array }
  | { readonly kind: "refused"; readonly code: string; readonly status: number };

export function assertServed(outcome: Outcome, expected: Uint8Array, what: string): void {
  if (outcome.kind === "refused") {
    assert.fail(`The honest run was refused: ${what}: ${outcome.code} (${outcome.status})`);
  }
  const isRight = Buffer.from(outcome.bytes).equals(Buffer.from(expected));
  assert.ok(isRight, `The attack succeeded: ${what}: ${outcome.what} was served`);
}

/** The client got nothing, for the right reason, and in no form that means "look elsewhere". */
export function assertRefused(outcome: Outcome, code: string, what: string): void {
  if (outcome.kind === "served") {
    assert.fail(`The attack succeeded: ${what}: ${outcome.what} was served`);
  }
  assert.equal(outcome.code, code, `${what}: refused for another reason`);
  assert.notEqual(
    outcome.status,
    404,
    `The attack succeeded: ${what}: the refusal says "not found", so the client looks elsewhere`,
  );
}
