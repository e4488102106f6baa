/**
 * A TOML document as the list of its keys, each of which must be asked for: what nobody took is unknown, and refused,
 * because a mistyped key that is silently ignored is a setting somebody believes to have made.
 */
import { parse, TomlDate, TomlError } from "smol-toml";
import { FormatError } from "#formats/format-error.ts";
import { nearestWord } from "./nearest-word.ts";

/** Turns a value into what it means, or throws a FormatError that says `at` which key. */
export type ValueReader<T> = (value: unknown, at: string) => T;

export type TomlTable = {
  /** The value of a dotted key, or undefined where the document says nothing. */
  take<T>(key: string, read: ValueReader<T>): T | undefined;
  /** The tables directly below a key, by their names. */
  tablesBelow(key: string): readonly string[];
  /** Throws `config.unknown-key` for the first key that nobody took. */
  checkAllTaken(): void;
};

/** FormatError `config.toml` with line and column. */
export function parseTomlTable(text: string): TomlTable {
  return openTable(parseToml(text), "");
}

/** Reads each table of an array of tables, and refuses what it did not take; `at` is the one table's key. */
export function readTables<T>(
  read: (table: TomlTable, at: string) => T,
): ValueReader<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrongKind(`tables, [[${at}]]`, at);
    return value.map((item: unknown, index) => {
      const key = `${at}[${index}]`;
      if (!isTable(item)) throw wrongKind(`tables, [[${at}]]`, at);
      const table = openTable(item, key);
      const result = read(table, key);
      table.checkAllTaken();
      return result;
    });
  };
}

function openTable(document: unknown, at: string): TomlTable {
  const values = new Map<string, unknown>();
  listValues(document, at, values);
  const known = new Set<string>();
  return {
    take(key, read) {
      known.add(key);
      return values.has(key) ? read(values.get(key), key) : undefined;
    },
    tablesBelow(key) {
      const below = [...values.keys()].filter((name) => name.startsWith(`${key}.`));
      const names = below.map((name) => name.slice(key.length + 1).split("."));
      return [
        ...new Set(names.flatMap(([first = "", ...rest]) => (rest.length > 0 ? [first] : []))),
      ];
    },
    checkAllTaken() {
      for (const key of values.keys()) {
        if (!known.has(key)) throw unknownKey(key, [...known]);
      }
    },
  };
}

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    throw new FormatError(
      "config.toml",
      `Cannot read the configuration: ${reason}`,
      `line ${error.line}, column ${error.column}`,
    );
  }
}

function isTable(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof TomlDate)
  );
}

function listValues(value: unknown, key: string, values: Map<string, unknown>): void {
  if (!isTable(value)) {
    values.set(key, value);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    listValues(member, key === "" ? name : `${key}.${name}`, values);
  }
}

function unknownKey(key: string, known: readonly string[]): FormatError {
  if (known.some((name) => name.startsWith(`${key}.`))) {
    return wrongKind(`a table, [${key}]`, key);
  }
  const meant = nearestWord(key, known);
  const table = key.slice(0, key.lastIndexOf(".") + 1);
  const here = known.filter((name) => name.startsWith(table));
  const advice =
    meant === undefined
      ? `the keys are ${(here.length > 0 ? here : known).join(", ")}`
      : `did you mean "${meant}"?`;
  return new FormatError("config.unknown-key", `Cannot take the unknown key "${key}": ${advice}`);
}

function wrongKind(wanted: string, at: string): FormatError {
  return new FormatError("config.value", `Cannot take this value: write ${wanted}`, at);
}
