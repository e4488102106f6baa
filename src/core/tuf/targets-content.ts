/** What a role of claims says, apart from its version and expiry: a plan that can be compared before anybody signs it. */
import { equalBytes } from "#crypto/constant-time.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { targetsToJson } from "#formats/tuf/targets.ts";
import type { Delegations, TargetFile, Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { claimLimits } from "./claim-limits.ts";
import { nextMetadata, signRole } from "./editor.ts";
import type { RoleFile, Signing } from "./editor.ts";

export type TargetsContent = {
  readonly targets: ReadonlyMap<string, TargetFile>;
  readonly delegations?: Delegations;
};

export const noTargets: ReadonlyMap<string, TargetFile> = new Map();

/** Throws RefusedError `claim.refused` for a file that some client would find too large. */
export async function signTargetsRole(
  role: string,
  content: TargetsContent,
  signing: Signing,
): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const file = await signRole(role, metadata, targetsToJson({ ...metadata, ...content }), signing);
  const size = file.bytes.byteLength;
  if (size <= claimLimits.fileSizeMax) return file;
  const sentence = `Cannot sign ${role}: its ${size} bytes are more than ${claimLimits.fileSizeMax}`;
  throw new RefusedError("claim.refused", sentence);
}

/** Whether the role says this and nothing else, in exactly this order. */
export function saysExactly(role: Targets, content: TargetsContent): boolean {
  const { expires, specVersion, version } = role;
  const exact = targetsToJson({ specVersion, version, expires, ...content });
  return equalBytes(canonicalJson(targetsToJson(role)), canonicalJson(exact));
}
