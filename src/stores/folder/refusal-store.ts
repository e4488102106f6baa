/**
 * Refusals with their evidence in `<state>/evidence/`, one JSON file each, for `holdfast status` and for whoever has to
 * be shown. The same code for the same subject is one file; the number of files is bounded.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import { countRefusal } from "#core/verdict/refusal.ts";
import type { RefusalRecord, RefusalStore } from "#core/verdict/refusal.ts";
import { FormatError } from "#formats/format-error.ts";
import { object, positive, record, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isCode, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

export function createFolderRefusalStore(state: string): RefusalStore {
  const folder = join(state, "evidence");
  const names = async (): Promise<readonly string[]> => {
    try {
      return (await readdir(folder)).filter((name) => /^[0-9a-f]{16}\.json$/.test(name));
    } catch (error) {
      if (isCode(error, "ENOENT")) return [];
      throw storageError(error, `read ${folder}`);
    }
  };
  const read = async (name: string): Promise<RefusalRecord | undefined> => {
    try {
      return parseRecord(await readFile(join(folder, name)));
    } catch (error) {
      // A damaged record is no evidence of anything; the next refusal writes it anew.
      if (isCode(error, "ENOENT") || error instanceof FormatError) return undefined;
      throw storageError(error, `read ${join(folder, name)}`);
    }
  };
  const readRefusals = async (): Promise<readonly RefusalRecord[]> => {
    const records = await Promise.all((await names()).map(read));
    return records
      .filter((record) => record !== undefined)
      .toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : Number(a.lastAt > b.lastAt) * -1));
  };
  const sweep = async (): Promise<void> => {
    const all = await names();
    if (all.length <= verdictLimits.refusalsMax) return;
    const times = await Promise.all(
      all.map(async (name) => ({ name, at: (await read(name))?.lastAt ?? "" })),
    );
    const surplus = times.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
    for (const { name } of surplus.slice(0, all.length - verdictLimits.refusalsMax)) {
      await rm(join(folder, name), { force: true });
    }
  };
  // One after the other: counting is reading and writing.
  let last: Promise<void> = Promise.resolve();
  return {
    readRefusals,
    recordRefusal: (refusal, at) => {
      const count = async (): Promise<void> => {
        const name = `${sha256Hex(new TextEncoder().encode(`${refusal.code} ${refusal.subject}`)).slice(0, 16)}.json`;
        const earlier = await read(name);
        const kept = countRefusal(refusal, earlier, at);
        await writeRenamedFile(join(folder, name), `${JSON.stringify(kept, undefined, 2)}\n`);
        if (earlier === undefined) await sweep();
      };
      const recorded = last.then(count);
      last = recorded.catch(() => undefined);
      return recorded;
    },
  };
}

const recordLimits = { sizeMax: 1_048_576, depthMax: 4 } as const;

const scalar: Decoder<string | number | boolean> = (value, at) => {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  throw new FormatError("json.type", "Not a text, number, true or false", at);
};

const decodeRecord = object({
  code: string,
  sentence: string,
  subject: string,
  evidence: record(scalar),
  firstAt: string,
  lastAt: string,
  count: positive(),
});

function parseRecord(bytes: Uint8Array): RefusalRecord {
  const decoded = decodeRecord(parseJson(bytes, recordLimits), "");
  return { ...decoded, evidence: Object.fromEntries(decoded.evidence) };
}
