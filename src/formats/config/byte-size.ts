/** Numbers of bytes as a person writes them in a configuration file: 1048576, "100 MB", "2 GiB". */
import { FormatError } from "#formats/format-error.ts";

const unitBytes: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["kB", 1_000],
  ["MB", 1_000 ** 2],
  ["GB", 1_000 ** 3],
  ["TB", 1_000 ** 4],
  ["KiB", 1_024],
  ["MiB", 1_024 ** 2],
  ["GiB", 1_024 ** 3],
  ["TiB", 1_024 ** 4],
]);

/** Bytes; FormatError `config.value`. */
export function parseByteSize(value: string | number, at = ""): number {
  const bytes = typeof value === "number" ? value : readText(value);
  if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw new FormatError(
      "config.value",
      `Cannot read ${JSON.stringify(value)} as a size: write a whole number and one of ${[...unitBytes.keys()].join(", ")}, as in "2 GiB"`,
      at,
    );
  }
  return bytes;
}

function readText(text: string): number | undefined {
  const [, digits, unit] = /^([0-9]{1,15}) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const factor = unitBytes.get(unit ?? "");
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
