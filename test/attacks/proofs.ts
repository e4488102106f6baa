/** Which defence each attack runs into, and how to take it out: `npm run attacks:prove` does, on a copy. */

export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

export type Proof = {
  /** The id that begins the attack's test. */
  readonly attack: string;
  /** File below test/attacks. */
  readonly suite: string;
  readonly defence: string;
  readonly edits: readonly Edit[];
};

export const proofs: readonly Proof[] = [];
