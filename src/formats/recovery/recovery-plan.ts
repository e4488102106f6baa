/**
 * What a recovery is to do, in a folder of its own (`docs/spec/recovery.md`): written by the plan, read by the
 * publication, possibly days later. Nothing in it is believed that decides what is published; it says what was meant.
 */
import { formatBase64, parseBase64 } from "#formats/bytes/base64.ts";
import { list, literal, object, oneOf, optional, record, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";

export type RecoveryPlan = {
  /** TUF time. */
  readonly made: string;
  /** Names of the roles whose keys were stolen. */
  readonly stolen: readonly string[];
  /** Ids of the keys that nothing may name afterwards. */
  readonly castOff: readonly string[];
  /** Key ids of the keys that were made, by online role. */
  readonly nextKeys: ReadonlyMap<string, string>;
  /** The good copy: where it lies, and the root it is verified from. */
  readonly good?: { readonly copy: string; readonly root: Uint8Array };
  readonly state: "planned" | "published";
};

const limits = { sizeMax: 4 * 1024 * 1024, depthMax: 8 } as const;

export function formatRecoveryPlan(plan: RecoveryPlan): Uint8Array {
  const { castOff, good, made, nextKeys, state, stolen } = plan;
  return formatJson(
    jsonObject({
      "holdfast-recovery": 1,
      castOff: [...castOff],
      good: good && jsonObject({ copy: good.copy, root: formatBase64(good.root) }),
      made,
      nextKeys: nextKeys,
      state,
      stolen: [...stolen],
    }),
  );
}

const base64: Decoder<Uint8Array> = (value, at) => parseBase64(string(value, at), at);

const states: readonly RecoveryPlan["state"][] = ["planned", "published"];

const members = object({
  "holdfast-recovery": literal(1),
  castOff: list(string),
  good: optional(object({ copy: string, root: base64 })),
  made: string,
  nextKeys: record(string),
  state: oneOf(states),
  stolen: list(string),
});

/** Throws FormatError `json.*` or `bytes.base64`. */
export function parseRecoveryPlan(bytes: Uint8Array): RecoveryPlan {
  const { castOff, good, made, nextKeys, state, stolen } = members(
    parseJson(bytes, limits, "plan"),
    "plan",
  );
  return { castOff, made, nextKeys, state, stolen, ...(good && { good }) };
}
