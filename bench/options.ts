/** The bench's command line. */

import { parseArgs } from "node:util";

export type BenchOptions = {
  /** Empty: all scenarios. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** Write RESULTS.md; a partial or quick run does so only when told. */
  readonly write: boolean;
};

export const USAGE: string = `Usage: npm run bench -- [--only NAME,NAME…] [--quick] [--write | --no-write]

Holdfast side by side with other indexes and other implementations of TUF, which it installs.
A full run takes about forty minutes, --only tuf about ten.

Scenarios: pages, downloads, uploads, installs, scale, large-upload, tuf.
--only     these scenarios and no others
--quick    short rounds and small sets: shows that all works, judges nothing
--write    write what was measured into bench/RESULTS.md (a full run does so unless --no-write)
`;

/** Throws a TypeError for what it does not know; "help" where that is what was asked for. */
export function parseOptions(
  args: readonly string[],
  names: readonly string[],
): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: "string" },
      quick: { type: "boolean" },
      write: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const only = values.only?.split(",").filter((name) => name !== "") ?? [];
  for (const name of only) {
    if (!names.includes(name)) throw new TypeError(`There is no scenario "${name}"`);
  }
  const quick = values.quick ?? false;
  return { only, quick, write: values.write ?? (!quick && only.length === 0) };
}
