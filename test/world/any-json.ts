/** Any JSON document that our own strict form can say: names once, exact integers, whole characters. */
import fc from "fast-check";
import type { Json } from "#formats/json/value.ts";

export function anyJson(): fc.Arbitrary<Json> {
  const text = fc.string({ unit: "binary", maxLength: 6 });
  return fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom<Json>(null, true, false),
      // Adding 0 turns -0, which has no form, into 0.
      fc.maxSafeInteger().map((value) => value + 0),
      text,
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(text, tie("value")), { selector: ([name]) => name, maxLength: 4 })
        .map((members): Json => new Map(members)),
    ),
  })).value;
}
