/**
 * Whether the public tree on this machine is one that a client would believe, by the client's own rules, and how long
 * each role still lives.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseInstant } from "#formats/bytes/instant.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import { object, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import type { Clock } from "#core/ports.ts";
import { trustRoot } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { fetchFile } from "#stores/folder/file-fetch.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { Finding } from "./finding.ts";

/** A page that no index has: looking for it passes every role that a client passes. */
const soughtPages = ["deny.json", "simple/0/index.json"];

export async function examineMetadata(
  data: DataFolder,
  lifetimes: Lifetimes,
  clock: Clock,
): Promise<readonly Finding[]> {
  const folder = join(data.publicTree, "tuf");
  const firstRoot = join(folder, "1.root.json");
  if (!existsSync(firstRoot)) {
    const message = "There is no index here yet: `holdfast up` or `holdfast init` makes one";
    return [{ level: "fault", code: "data.empty", subject: data.root, message }];
  }
  const store = createMemoryTrustedStore();
  const findings: Finding[] = [];
  try {
    const bytes = new Uint8Array(readFileSync(firstRoot));
    await store.writeRoot(trustRoot(bytes).root.value.version, bytes);
    const metadataUrl = pathToFileURL(`${folder}/`);
    const updater = createUpdater({ clock, fetch: fetchFile, store }, { metadataUrl });
    const view = await updater.refresh();
    for (const path of soughtPages) await updater.findTarget(view, path);
  } catch (error) {
    findings.push({
      level: "fault",
      code: "metadata.broken",
      subject: folder,
      message: `Clients refuse this metadata: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
  return [...findings, ...listExpiry(store, lifetimes, clock())];
}

/** What the client has accepted, which is everything up to the first fault. */
function listExpiry(store: MemoryTrustedStore, lifetimes: Lifetimes, now: Date): Finding[] {
  const newestRoot = Math.max(0, ...store.roots.keys());
  const files = [["root", store.roots.get(newestRoot)] as const, ...store.roles];
  return files.flatMap(([name, bytes]) =>
    bytes === undefined ? [] : [examineExpiry(name, bytes, lifetimes, now)],
  );
}

const document = object({ signed: object({ expires: string }) });

function examineExpiry(
  storedName: string,
  bytes: Uint8Array,
  lifetimes: Lifetimes,
  now: Date,
): Finding {
  const role = storedName.replace(/^.*[./]/, "");
  const { expires } = document(parseJson(bytes), role).signed;
  const leftMs = parseInstant(expires).at.getTime() - now.getTime();
  const lifetime = lifetimeOf(role, lifetimes);
  const left = leftMs > 0 ? `for ${describeTime(leftMs)} more` : "no longer";
  const message = `${role}${meaningOf(role)} is good ${left} (until ${expires})`;
  const about = { code: "metadata.expiry", subject: role } as const;
  if (leftMs <= 0) return { ...about, level: "fault", message };
  if (lifetime === undefined || leftMs > lifetime / 2) return { ...about, level: "good", message };
  return { ...about, level: "warning", message: `${message}: time for \`holdfast renew\`` };
}

/** What a reader who never saw the names needs to know; of the bins, which are signed alike, one was passed. */
function meaningOf(role: string): string {
  const meaning = role.startsWith("bin-") ? bins : meanings.get(role);
  return meaning === undefined ? "" : ` (${meaning})`;
}

const bins = "signs the pages of its share of the projects; one of the bins, looked at for all";
const meanings: ReadonlyMap<string, string> = new Map([
  ["root", "says which keys sign the rest"],
  ["timestamp", "says what is newest"],
  ["snapshot", "says which versions belong together"],
  ["targets", "says which roles sign for projects"],
  ["claimed", "projects that have keys of their own"],
  ["recently-claimed", "projects claimed since"],
  ["unclaimed", "all other projects, shared among the bins"],
  ["deny", "what was taken back"],
]);

/** The signer renews its own roles by itself; the offline ones need a person. */
function lifetimeOf(role: string, { root, targets, claimed }: Lifetimes): number | undefined {
  return new Map([
    ["root", root],
    ["targets", targets],
    ["claimed", claimed],
  ]).get(role);
}

const units = [
  ["days", 86_400_000],
  ["hours", 3_600_000],
  ["minutes", 60_000],
  ["seconds", 1_000],
] as const;

/** In the largest unit of which there are two or more. */
function describeTime(ms: number): string {
  const [name, unitMs] = units.find(([, length]) => ms >= 2 * length) ?? ["seconds", 1_000];
  return `${Math.floor(ms / unitMs)} ${name}`;
}
