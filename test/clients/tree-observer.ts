/**
 * Watches the public TUF tree and remembers every file it ever saw, so that a version number with two contents cannot
 * hide: what a client could have fetched, the observer has.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sha256Hex } from "#crypto/hash.ts";
import { member } from "./plain-client.ts";

export type TreeObserver = {
  /** Role and version to hash. */
  readonly seen: ReadonlyMap<string, string>;
  /** What must not be: "2.snapshot has two contents". */
  readonly faults: readonly string[];
  stop(): Promise<void>;
};

const pollMs = 15;

export function observeTree(folder: string): TreeObserver {
  const seen = new Map<string, string>();
  const faults: string[] = [];
  const stamps = new Map<string, string>();
  const stopping = new AbortController();

  const look = async (name: string): Promise<void> => {
    const path = join(folder, name);
    const { ino, mtimeMs } = await stat(path);
    const stamp = `${ino} ${mtimeMs}`;
    if (stamps.get(name) === stamp) {
      return;
    }
    const bytes = await readFile(path);
    stamps.set(name, stamp);
    const key = name === "timestamp.json" ? `${versionOf(bytes)}.timestamp.json` : name;
    const hash = sha256Hex(bytes);
    const before = seen.get(key);
    if (before !== undefined && before !== hash) {
      faults.push(`${key} has two contents: ${before} and ${hash}`);
    }
    seen.set(key, hash);
  };
  const lookAtAll = async (): Promise<void> => {
    for (const name of await readdir(folder)) {
      if (name.endsWith(".json")) {
        // Swept between the listing and the reading.
        await look(name).catch(ignoreMissing);
      }
    }
  };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await lookAtAll();
      await delay(pollMs);
    }
    await lookAtAll();
  })();
  return {
    seen,
    faults,
    stop: () => {
      stopping.abort();
      return watching;
    },
  };
}

function versionOf(bytes: Buffer): string {
  return String(Number(member(member(JSON.parse(bytes.toString()), "signed"), "version")));
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
    throw error;
  }
}
