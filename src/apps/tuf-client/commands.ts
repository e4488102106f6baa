/** What `init`, `refresh` and `download` do, as far as it can be told without a disk and a network. */
import { TrustError } from "#core/errors.ts";
import { checkListedFile } from "#core/tuf/listed-file.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { unlessRefused } from "#core/tuf/refusal.ts";
import { quoteName } from "#core/tuf/role-checks.ts";
import { fetchTarget } from "#core/tuf/target-download.ts";
import { trustRoot } from "#core/tuf/trusted-set.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { FoundTarget, Updater, UpdaterPorts } from "#core/tuf/updater.ts";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { DownloadOptions, RefreshOptions } from "./options.ts";

/** Targets that were downloaded before, by target path. */
export type TargetFiles = {
  /** Undefined where there is none, or one of another length. */
  readonly readTarget: (path: string, length: number) => Promise<Uint8Array | undefined>;
  /** Replaces in one step. */
  readonly writeTarget: (path: string, bytes: Uint8Array) => Promise<void>;
};

/** Takes one line for people. */
export type Say = (line: string) => void;

/** An anchor is written once. Throws TrustError `anchor.changed`, and what makes a root unusable. */
export async function initTrust(store: TrustedStore, root: Uint8Array, say: Say): Promise<void> {
  const { version } = trustRoot(root).root.value;
  const fingerprint = fingerprintOf(root);
  if ((await store.readRoot()) !== undefined) {
    const kept = await store.readRootAt(version);
    if (kept === undefined || fingerprintOf(kept) !== fingerprint) {
      throw new TrustError(
        "anchor.changed",
        `Cannot take root ${version}, ${fingerprint}: the metadata folder trusts another one already. Use another --metadata-dir`,
        { version, offered: fingerprint, trusted: kept === undefined ? "" : fingerprintOf(kept) },
      );
    }
  }
  await store.writeRoot(version, root);
  say(`root ${version} is trusted: ${fingerprint}`);
}

export async function refreshTrust(
  ports: UpdaterPorts,
  { metadataUrl }: Pick<RefreshOptions, "metadataUrl">,
  say: Say,
): Promise<void> {
  sayView(await createUpdater(ports, { metadataUrl }).refresh(), say);
}

/** One after the other, all of one refresh. The first one that fails ends it; those before it are kept. */
export async function downloadTargets(
  ports: UpdaterPorts & { readonly files: TargetFiles },
  {
    metadataUrl,
    targets,
    targetsUrl,
  }: Pick<DownloadOptions, "metadataUrl" | "targets" | "targetsUrl">,
  say: Say,
): Promise<void> {
  const { fetch, files } = ports;
  const updater = createUpdater(ports, { metadataUrl });
  const view = await updater.refresh();
  sayView(view, say);
  for (const path of targets) {
    const { role, target } = await findListed(updater, view, path);
    const listed = `target ${quoteName(path)} of ${quoteName(role.name)}`;
    const kept = await files.readTarget(path, target.length);
    if (kept !== undefined && isListed(listed, kept, target)) {
      say(`${listed}: there already`);
      continue;
    }
    const { consistentSnapshot } = view.root.value;
    const bytes = await fetchTarget(
      fetch,
      targetsUrl,
      path,
      target,
      consistentSnapshot,
      clientLimits,
    );
    await files.writeTarget(path, bytes);
    say(`${listed}: ${bytes.byteLength} bytes`);
  }
}

/** Throws TrustError `tuf.missing`, or `tuf.length` where it is more than is ever held in memory. */
async function findListed(
  updater: Updater,
  view: TrustedView,
  path: string,
): Promise<Pick<FoundTarget, "role" | "target">> {
  const found = await updater.findTarget(view, path);
  if (found === "absent") {
    const sentence = `Cannot download target ${quoteName(path)}: no role lists it`;
    throw new TrustError("tuf.missing", sentence, { path });
  }
  const { length } = found.target;
  const { listedSizeMax } = clientLimits;
  if (length <= listedSizeMax) return found;
  const sentence = `Cannot download target ${quoteName(path)}: its listed length ${length} is over ${listedSizeMax}`;
  throw new TrustError("tuf.length", sentence, { path, listed: length, listedSizeMax });
}

function isListed(what: string, bytes: Uint8Array, target: FoundTarget["target"]): boolean {
  const checked = unlessRefused(() => {
    checkListedFile(what, bytes, target);
    return true;
  });
  return checked === true;
}

function sayView({ root, snapshot, targets, timestamp }: TrustedView, say: Say): void {
  const parts = Object.entries({ root, timestamp, snapshot, targets });
  say(parts.map(([role, { value }]) => `${role} ${value.version}`).join(", "));
}
