/**
 * The trust anchor in `<state>/anchor.json`, like a line of known_hosts that a person can read. It is linked into place,
 * so the first writer wins and nobody replaces it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TrustError, UnavailableError } from "#core/errors.ts";
import { isFingerprint } from "#core/verdict/anchor.ts";
import type { Anchor, AnchorOrigin, AnchorStore } from "#core/verdict/anchor.ts";
import { FormatError } from "#formats/format-error.ts";
import { object, positive, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isCode, writeNewFile, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const anchorLimits = { sizeMax: 65_536, depthMax: 4 } as const;
const origins: ReadonlyMap<string, AnchorOrigin> = new Map([
  ["root", "root"],
  ["fingerprint", "fingerprint"],
  ["first-use", "first-use"],
]);

export function createFolderAnchorStore(state: string): AnchorStore {
  const path = join(state, "anchor.json");

  const readAnchor = async (): Promise<Anchor | undefined> => {
    try {
      return parseAnchor(await readFile(path));
    } catch (error) {
      if (isCode(error, "ENOENT")) return undefined;
      // Not "no anchor": that would let the next first use replace it.
      if (!(error instanceof FormatError)) throw storageError(error, `read ${path}`);
      throw new TrustError(
        "anchor.missing",
        `Cannot read the trust anchor ${path}: put it back, or remove the state folder and start again`,
        { path },
        error,
      );
    }
  };

  return {
    readAnchor,
    writeAnchor: async (anchor) => {
      if (await writeNewFile(path, formatAnchor(anchor))) return anchor;
      const kept = await readAnchor();
      if (kept === undefined)
        throw new UnavailableError("storage.failed", `${path} comes and goes`);
      if (kept.fingerprint !== anchor.fingerprint || kept.index === anchor.index) return kept;
      // The fingerprint never changes once it is there, so two such writers cannot harm each other.
      const moved = { ...kept, index: anchor.index };
      await writeRenamedFile(path, formatAnchor(moved), { durable: true });
      return moved;
    },
  };
}

const origin: Decoder<AnchorOrigin> = (value, at) => {
  const known = origins.get(string(value, at));
  if (known === undefined) throw new FormatError("json.type", "Unknown origin", at);
  return known;
};

const fingerprint: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (!isFingerprint(text)) throw new FormatError("json.type", "Not a fingerprint", at);
  return text;
};

const decodeAnchor = object({
  index: string,
  fingerprint,
  rootVersion: positive(),
  origin,
  time: string,
});

function parseAnchor(bytes: Uint8Array): Anchor {
  return decodeAnchor(parseJson(bytes, anchorLimits), "");
}

function formatAnchor(anchor: Anchor): string {
  return `${JSON.stringify(anchor, undefined, 2)}\n`;
}
