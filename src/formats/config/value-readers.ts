/** What values of a configuration file may be; every reader says which key is wrong, and what to write. */
import { FormatError } from "#formats/format-error.ts";
import type { ValueReader } from "./toml-table.ts";

export function valueError(wanted: string, at: string): FormatError {
  return new FormatError("config.value", `Cannot take this value: write ${wanted}`, at);
}

export function readText<T>(parse: (text: string, at: string) => T): ValueReader<T> {
  return (value, at) => {
    if (typeof value !== "string") throw valueError("text in quotes", at);
    return parse(value, at);
  };
}

/** At least one text, at most `countMax`, none twice. */
export function readTexts<T extends string>(
  parse: (text: string, at: string) => T,
  countMax: number,
): ValueReader<readonly T[]> {
  const read = readText(parse);
  return (value, at) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > countMax) {
      throw valueError(`a list of 1 to ${countMax} texts, as in ["one", "two"]`, at);
    }
    const texts = value.map((item: unknown, index) => read(item, `${at}[${index}]`));
    const twice = texts.findIndex((text, index) => texts.indexOf(text) !== index);
    if (twice === -1) return texts;
    throw valueError(`each text once: "${texts[twice]}" is there twice`, at);
  };
}

export function readBoolean(value: unknown, at: string): boolean {
  if (typeof value !== "boolean") throw valueError("true or false", at);
  return value;
}

export function wholeNumber(min: number, max: number): ValueReader<number> {
  return (value, at) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw valueError(`a whole number from ${min} to ${max}`, at);
    }
    return value;
  };
}

/** As a segment of addresses that needs no encoding. */
export function parseIndexName(text: string, at: string): string {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/.test(text)) {
    throw valueError("lower-case letters, digits, dots and hyphens, 64 at most", at);
  }
  return text;
}
