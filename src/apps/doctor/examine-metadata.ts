/**
 * Whether the public tree on this machine is one that a client would believe, and how long each role still lives.
 */
import { parseInstant } from "#formats/bytes/instant.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import { object, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { describeSpan } from "#core/watch/time-span.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { Finding } from "./finding.ts";
import { metadataFolder } from "./follow-tree.ts";
import type { FollowedTree } from "./follow-tree.ts";

export function examineMetadata(
  data: DataFolder,
  tree: FollowedTree | undefined,
  lifetimes: Lifetimes,
  now: Date,
): readonly Finding[] {
  if (tree === undefined) {
    const message = "There is no index here yet: `holdfast up` or `holdfast init` makes one";
    return [{ level: "fault", code: "data.empty", subject: data.root, message }];
  }
  const expiry = listExpiry(tree.store, lifetimes, now);
  if (tree.problem === undefined) return expiry;
  const message = `Clients refuse this metadata: ${tree.problem}`;
  const subject = metadataFolder(data);
  return [{ level: "fault", code: "metadata.broken", subject, message }, ...expiry];
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
  const left = leftMs > 0 ? `for ${describeSpan(leftMs)} more` : "no longer";
  const message = `${role}${meaningOf(role)} is good ${left} (until ${expires})`;
  const about = { code: "metadata.expiry", subject: role } as const;
  if (leftMs <= 0) return { ...about, level: "fault", message };
  if (lifetime === undefined || leftMs > lifetime / 2) return { ...about, level: "good", message };
  const level = leftMs > lifetime * urgentPart ? "warning" : "fault";
  return { ...about, level, message: `${message}: time for a ceremony, or \`holdfast renew\`` };
}

/** What is left of an offline role's life when its renewal cannot wait. */
const urgentPart = 1 / 8;

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
