/** Comparison whose time does not depend on where two secrets differ. */
import { timingSafeEqual } from "node:crypto";

/** The lengths are not secret: unequal lengths answer at once. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
