/**
 * The map of several indexes in the proxy's part of the configuration (docs/spec/index-map.md). What contradicts itself
 * is refused here; what is only unwise is warned about (core/verdict/map-warnings.ts).
 */
import { isHex } from "#formats/bytes/hex.ts";
import { FormatError } from "#formats/format-error.ts";
import { nearestWord } from "./nearest-word.ts";
import type { MapConfig, MappedAnchor, MappedIndex, Mapping } from "./proxy-config.ts";
import { readTables } from "./toml-table.ts";
import type { TomlTable } from "./toml-table.ts";
import { parseIndexName, readBoolean, readText, readTexts, valueError } from "./value-readers.ts";
import { wholeNumber } from "./value-readers.ts";
import { parseWebAddress } from "./web-address.ts";

export const mapLimits = {
  indexesMax: 16,
  mappingsMax: 100,
  /** Of all mappings together. */
  patternsMax: 1_000,
  patternLengthMax: 256,
} as const;

const nameDefault = "map";

/** FormatError `config.value`, `config.unknown-key`; `config.map` for parts that do not fit each other. */
export function takeMap(table: TomlTable): MapConfig | undefined {
  const name = table.take("proxy.map-name", readText(parseIndexName));
  const names = table.tablesBelow("proxy.indexes");
  const indexes = new Map(names.map((index) => [index, takeIndex(table, index)]));
  const mappings = table.take("proxy.map", readTables(readMapping));
  if (mappings === undefined || mappings.length === 0) {
    if (name === undefined && mappings === undefined && names.length === 0) return undefined;
    throw mapError("no mapping says which projects come from where: write [[proxy.map]]", "proxy");
  }
  if (mappings.length > mapLimits.mappingsMax) {
    throw mapError(`at most ${mapLimits.mappingsMax} mappings are taken`, "proxy.map");
  }
  if (mappings.flatMap((mapping) => mapping.names).length > mapLimits.patternsMax) {
    throw mapError(`at most ${mapLimits.patternsMax} patterns are taken`, "proxy.map");
  }
  checkIndexes(indexes);
  const known = [...indexes.keys()];
  mappings.forEach((mapping, index) => checkMapping(mapping, known, `proxy.map[${index}]`));
  return { name: name ?? nameDefault, indexes, mappings };
}

function takeIndex(table: TomlTable, name: string): MappedIndex {
  const at = `proxy.indexes.${name}`;
  // A dot would be read as one more table.
  if (!/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name)) {
    throw valueError("a name of lower-case letters, digits and hyphens, 64 at most", at);
  }
  const url = table.take(`${at}.url`, readText(parseWebAddress));
  const mirror = table.take(`${at}.mirror`, readText(parseWebAddress));
  const root = table.take(`${at}.root`, readText(parsePath));
  const fingerprint = table.take(`${at}.fingerprint`, readText(parseFingerprint));
  const credentials = table.take(`${at}.credentials`, readText(parsePath));
  if (url === undefined) throw mapError(`say where ${name} is, with url`, at);
  return {
    url,
    ...(mirror !== undefined && { mirror }),
    anchor: anchorOf(root, fingerprint, name, at),
    ...(credentials !== undefined && { credentials }),
  };
}

/** No first use: nobody watches each of several indexes for the first time. */
function anchorOf(
  root: string | undefined,
  fingerprint: string | undefined,
  name: string,
  at: string,
): MappedAnchor {
  if (root !== undefined && fingerprint === undefined) return { kind: "root", path: root };
  if (fingerprint !== undefined && root === undefined) return { kind: "fingerprint", fingerprint };
  throw mapError(`say whom to believe about ${name}, with one of root and fingerprint`, at);
}

function readMapping(table: TomlTable, at: string): Mapping {
  const { indexesMax, patternsMax } = mapLimits;
  const names = table.take(`${at}.names`, readTexts(parsePattern, patternsMax));
  const indexes = table.take(`${at}.indexes`, readTexts(parseIndexName, indexesMax));
  const agree = table.take(`${at}.agree`, wholeNumber(1, indexesMax));
  const terminating = table.take(`${at}.terminating`, readBoolean);
  if (names === undefined) throw mapError("say for which projects, with names", at);
  if (indexes === undefined) throw mapError("say which indexes, with indexes", at);
  if (agree === undefined && indexes.length > 1) {
    throw mapError(
      "say how many of its indexes must agree, with agree (1: the first that has a project)",
      at,
    );
  }
  return { names, indexes, agree: agree ?? 1, terminating: terminating ?? true };
}

/** One index under two names would agree with itself. */
function checkIndexes(indexes: ReadonlyMap<string, MappedIndex>): void {
  if (indexes.size > mapLimits.indexesMax) {
    throw mapError(`at most ${mapLimits.indexesMax} indexes are taken`, "proxy.indexes");
  }
  const seen = new Map<string, string>();
  for (const [name, { anchor, url }] of indexes) {
    const marks = anchor.kind === "fingerprint" ? [url, anchor.fingerprint] : [url];
    for (const mark of marks) {
      const other = seen.get(mark);
      if (other !== undefined) {
        throw mapError(`${other} and ${name} are one index: both have ${mark}`, "proxy.indexes");
      }
      seen.set(mark, name);
    }
  }
}

function checkMapping({ agree, indexes }: Mapping, known: readonly string[], at: string): void {
  for (const name of indexes) {
    if (known.includes(name)) continue;
    const meant = nearestWord(name, known);
    const advice =
      meant === undefined ? `write [proxy.indexes.${name}]` : `did you mean "${meant}"?`;
    throw mapError(`there is no index "${name}": ${advice}`, at);
  }
  if (agree > indexes.length) {
    throw mapError(`${agree} of ${indexes.length} indexes can never agree`, at);
  }
}

/** What can match a normalised name: another pattern would silently match none. */
function parsePattern(text: string, at: string): string {
  const isShort = text.length <= mapLimits.patternLengthMax;
  if (
    isShort &&
    /^(?:[a-z0-9*]|-(?!-))+$/.test(text) &&
    !text.startsWith("-") &&
    !text.endsWith("-")
  )
    return text;
  const wanted =
    'a pattern on normalised names, as in "acme-*": lower-case letters, digits, single hyphens and *';
  throw valueError(wanted, at);
}

function parseFingerprint(text: string, at: string): string {
  const [kind, hex = "", ...rest] = text.toLowerCase().split(":");
  if (kind === "sha256" && rest.length === 0 && isHex(hex, 32)) return `sha256:${hex}`;
  throw valueError('"sha256:" and 64 hex digits', at);
}

function parsePath(text: string, at: string): string {
  if (text !== "" && !text.includes("\0")) return text;
  throw valueError("the path of a file", at);
}

function mapError(reason: string, at: string): FormatError {
  return new FormatError("config.map", `Cannot take the map of indexes: ${reason}`, at);
}
