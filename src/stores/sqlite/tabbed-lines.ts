/** Rows inside a column, in their order: a line each, fields separated by tabs. For texts that hold neither. */
import { invariant } from "#core/errors.ts";

export function formatLines(rows: readonly (readonly string[])[]): string {
  let text = "";
  for (const fields of rows) {
    for (const field of fields) invariant(!separator.test(field), "a field is one piece of a line");
    text += `${fields.join("\t")}\n`;
  }
  return text;
}

/** Throws where a line has another number of fields: the database is damaged or foreign. */
export function parseLines(text: string, fields: number): readonly (readonly string[])[] {
  if (text === "") return [];
  invariant(text.endsWith("\n"), "lines end");
  const rows = text
    .slice(0, -1)
    .split("\n")
    .map((line) => line.split("\t"));
  invariant(
    rows.every((row) => row.length === fields),
    `a line has ${fields} fields`,
  );
  return rows;
}

const separator = /[\t\n]/;
