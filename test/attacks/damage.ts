/** What the rows of the compromise tables say: who gets what, while the thief is there and after the recovery. */
import assert from "node:assert/strict";
import type { Installers } from "./installers.ts";

/** A version, `malware`, `absent` or a refusal's code, for each kind of client. */
export type Damage = Readonly<Record<keyof Installers, string>>;

export async function install(installers: Installers, project: string): Promise<Damage> {
  const { fresh, missed, saw } = installers;
  return {
    saw: await saw.install(project),
    missed: await missed.install(project),
    fresh: await fresh.install(project),
  };
}

/** Each kind of client gets this, to the word. `what` is the moment. */
export async function assertDamage(
  installers: Installers,
  project: string,
  expected: Damage,
  what: string,
): Promise<void> {
  const found = await install(installers, project);
  for (const kind of ["saw", "missed", "fresh"] as const) {
    assertGot(found[kind], expected[kind], `${what}: ${kind}`);
  }
}

/** All three get the same. */
export async function assertAll(
  installers: Installers,
  project: string,
  expected: string,
  what: string,
): Promise<void> {
  const damage = { saw: expected, missed: expected, fresh: expected };
  await assertDamage(installers, project, damage, what);
}

/** Nobody is harmed or kept out any more. */
export async function assertRecovered(
  installers: Installers,
  project: string,
  version: string,
): Promise<void> {
  const found = await install(installers, project);
  for (const kind of ["saw", "missed", "fresh"] as const) {
    const got = found[kind];
    assert.equal(got, version, `The attack succeeded: after the recovery ${kind} got ${got}`);
  }
}

function assertGot(found: string, expected: string, what: string): void {
  if (found === expected) return;
  const isServed = found === "malware" || /^[0-9.]+$/.test(found);
  if (isServed && expected !== "malware") {
    assert.fail(`The attack succeeded: ${what}: got ${found} instead of ${expected}`);
  }
  assert.equal(found, expected, what);
}
