/** All mutants that `npm run mutate` tries. */
import { claimMutants } from "./claims.ts";
import { ceremonyMutants } from "./ceremony.ts";
import { delegationMutants } from "./delegations.ts";
import { editorMutants } from "./editor.ts";
import { formatMutants } from "./formats.ts";
import { indexMapMutants } from "./index-map.ts";
import { keyMutants } from "./keys.ts";
import { limitMutants } from "./limits.ts";
import type { Mutant } from "./mutant.ts";
import { publicationMutants } from "./publication.ts";
import { roleMutants } from "./roles.ts";
import { rootMutants } from "./root.ts";
import { rotationMutants } from "./rotation.ts";

export const mutants: readonly Mutant[] = [
  ...rootMutants,
  ...roleMutants,
  ...delegationMutants,
  ...limitMutants,
  ...formatMutants,
  ...editorMutants,
  ...indexMapMutants,
  ...rotationMutants,
  ...publicationMutants,
  ...ceremonyMutants,
  ...claimMutants,
  ...keyMutants,
];
