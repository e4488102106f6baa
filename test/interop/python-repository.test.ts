/**
 * Repositories that python-tuf writes now, over a life of several steps, before our client: delegations of every kind,
 * thresholds, key types, rotations, and files that must be refused. (Golden files of another version of it are read in
 * src/core/tuf/python-tuf.test.ts.)
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { list, object, optional, record, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { parseMetadata } from "#formats/tuf/metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Fetch } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { fetchTarget } from "#core/tuf/target-download.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { Updater } from "#core/tuf/updater.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { checkSuccess, runProgram } from "#clients/program-run.ts";
import { projectRoot } from "#clients/tool-environment.ts";
import { pythonTufWriter, tufClientEnvironment } from "#clients/tuf-clients.ts";

type Step = {
  readonly found?: ReadonlyMap<string, readonly string[]>;
  readonly absent?: readonly string[];
  readonly refused?: string;
  readonly asks?: string;
};

const step: Decoder<Step> = object({
  found: optional(record(list(string))),
  absent: optional(list(string)),
  refused: optional(string),
  asks: optional(string),
});

const origin = "https://index.example/";

/** Our client, before whichever step its network shows. */
class Reader {
  readonly #store: MemoryTrustedStore = createMemoryTrustedStore();
  readonly #updater: Updater;
  readonly #fetch: Fetch;
  folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#fetch = async ({ url }) => {
      const path = url.pathname.replace("/tuf/", "metadata/").replace("/targets/", "targets/");
      const body = readIfThere(join(this.folder, path));
      return { status: body ? 200 : 404, headers: {}, body: body ?? new Uint8Array() };
    };
    this.#updater = createUpdater(
      { clock: () => new Date("2030-01-01T00:00:00Z"), fetch: this.#fetch, store: this.#store },
      { metadataUrl: new URL("tuf/", origin) },
    );
  }

  /** With the story's first root. */
  static async start(folder: string, firstRoot: Uint8Array): Promise<Reader> {
    const reader = new Reader(folder);
    await reader.#store.writeRoot(1, firstRoot);
    return reader;
  }

  async refresh(): Promise<TrustedView> {
    return await this.#updater.refresh();
  }

  async expectFound({ absent = [], found = new Map() }: Step): Promise<void> {
    assert.ok(found.size > 0);
    const view = await this.refresh();
    for (const [path, [sha256, role]] of found) {
      const at = await this.#updater.findTarget(view, path);
      assert.ok(at !== "absent", path);
      assert.equal(at.role.name, role, path);
      assert.equal(at.target.hashes.get("sha256"), sha256, path);
      const { consistentSnapshot } = view.root.value;
      const targets = new URL("targets/", origin);
      const { target } = at;
      await fetchTarget(this.#fetch, targets, path, target, consistentSnapshot, clientLimits);
    }
    for (const path of absent) {
      assert.equal(await this.#updater.findTarget(view, path), "absent", path);
    }
  }

  async expectRefused({ asks, refused }: Step): Promise<void> {
    const before = await this.#trusted();
    const attempt = async (): Promise<unknown> => {
      const view = await this.refresh();
      return asks === undefined ? view : await this.#updater.findTarget(view, asks);
    };
    await assert.rejects(attempt, { code: refused });
    assert.deepEqual(await this.#trusted(), before);
  }

  /** Versions of what is kept, but for timestamp and snapshot, which were honestly signed and lead to the bad file. */
  async #trusted(): Promise<ReadonlyMap<string, number>> {
    const versions = new Map<string, number>();
    const root = await this.#store.readRoot();
    if (root !== undefined) versions.set("root", versionOf("root", root));
    for (const [role, bytes] of this.#store.roles) {
      if (role !== "timestamp" && role !== "snapshot") {
        versions.set(role, versionOf("targets", bytes));
      }
    }
    return versions;
  }
}

function versionOf(type: "root" | "targets", bytes: Uint8Array): number {
  return parseSigned(bytes, (value, at) => parseMetadata(type, value, at)).value.version;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
}

describe("repositories that python-tuf writes", () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-python-"));
    const [python, script] = await pythonTufWriter();
    const options = { env: tufClientEnvironment, cwd: projectRoot };
    checkSuccess(await runProgram(python, [script, folder], options));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [story, steps] of [
    ["consistent", 17],
    ["plain", 2],
  ] as const) {
    test(`each step of the ${story} one is read, and what is wrong is refused`, async (t) => {
      const names = readdirSync(join(folder, story)).toSorted();
      assert.equal(names.length, steps);
      const at = (name: string): string => join(folder, story, name);
      const [first = ""] = names;
      const root = new Uint8Array(readFileSync(join(at(first), "metadata", "1.root.json")));
      const following = await Reader.start(at(first), root);
      let honest: { readonly name: string; readonly said: Step } = { name: first, said: {} };
      for (const name of names) {
        const said = step(parseJson(readFileSync(join(at(name), "step.json"))), name);
        await t.test(name, async () => {
          const fresh = await Reader.start(at(honest.name), root);
          if (said.refused === undefined) {
            honest = { name, said };
            following.folder = at(name);
            await following.expectFound(said);
            fresh.folder = at(name);
            await fresh.expectFound(said);
            return;
          }
          // Not the one that goes on: the honest repository knows nothing of this version of timestamp.
          await fresh.expectFound(honest.said);
          fresh.folder = at(name);
          await fresh.expectRefused(said);
        });
      }
    });
  }
});
