/** Columns of a row, as the type they were declared with. Another type means a damaged or foreign database. */
import { invariant } from "#core/errors.ts";

export type Row = Readonly<Record<string, unknown>>;

export function readText(row: Row, column: string): string {
  const value = row[column];
  invariant(typeof value === "string", `column ${column} is text`);
  return value;
}

export function readOptionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : readText(row, column);
}

export function readInteger(row: Row, column: string): number {
  const value = row[column];
  invariant(typeof value === "number", `column ${column} is an integer`);
  return value;
}

export function readBytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  invariant(value instanceof Uint8Array, `column ${column} is bytes`);
  return value;
}
