/** A ceremony's end on the signer's machine: the first files into the public tree, later ones through the door. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import { rootFingerprint } from "#core/ceremony/signing-memory.ts";
import { acceptFirstOffline } from "#core/publication/offline-set.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { readFirstMetadata, writeFirstMetadata } from "#stores/folder/first-metadata.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { readCeremony } from "./ceremony-world.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import type { CeremonyDoor } from "./ceremony-door.ts";
import { demandLines, holdersByKey } from "./description-lines.ts";
import { checkNotRefused, checkProposed, judgeCeremony } from "./judged.ts";
import type { JudgedCeremony } from "./judged.ts";

const publishExamples = `
The first time, before the signer has ever run, it writes the first metadata, as \`holdfast init\`
does. Later it hands the files to the running signer, which publishes all of them or nothing.

Example:
  holdfast ceremony publish next.ceremony --data /srv/holdfast`;

export function addPublishCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("publish")
    .description("put what was signed in force")
    .argument("<file>", "a ceremony file with all its signatures")
    .option("--data <folder>", "the data folder", "holdfast-data")
    .addHelpText("after", publishExamples)
    .action((path: string, options: { readonly data: string }) =>
      publish(world(), path, dataFolder(resolve(options.data))),
    );
}

async function publish(world: CeremonyWorld, path: string, data: DataFolder): Promise<void> {
  const file = await readCeremony(path);
  checkProposed(file, "publish");
  const judged = judgeCeremony(file, world.clock());
  checkNotRefused(judged.refusals, "publish");
  checkComplete(judged);
  const { after, current } = judged.ceremony;
  if (current === undefined) {
    await publishFirst(data, {
      root: after.root.bytes,
      targets: after.targets.bytes,
      claimed: after.claimed.bytes,
    });
  } else {
    const door = world.openDoor(data.signerSocket);
    try {
      await submit(door, file.next);
    } finally {
      door.close();
    }
  }
  const fingerprint = rootFingerprint(after.root.bytes);
  const versions = judged.description.files
    .filter(({ changes }) => changes)
    .map(({ role, version }) => `${role} ${version}`);
  world.output.print({ published: versions, rootFingerprint: fingerprint }, () => [
    `Published: ${versions.join(", ")}`,
    ...fingerprintLines(judged, fingerprint),
  ]);
}

/** Begun again after the answer was lost, it finds its files in force. */
async function submit(door: CeremonyDoor, next: OfflineMetadata): Promise<void> {
  try {
    await door.submit(next);
  } catch (error) {
    if (error instanceof UnavailableError || !(await isInForce(door, next))) throw error;
  }
}

async function isInForce(door: CeremonyDoor, next: OfflineMetadata): Promise<boolean> {
  const { metadata } = await door.readCurrent();
  return offlineRoles.every((role) => {
    const bytes = next[role];
    return bytes === undefined || Buffer.compare(bytes, metadata[role]) === 0;
  });
}

/** A later root's fingerprint must not take the first one's place: proxies are told the first one's. */
function fingerprintLines(
  { ceremony: { after, current, next }, description: { currentRoot, oldestRoot } }: JudgedCeremony,
  fingerprint: string,
): readonly string[] {
  if (current === undefined) return [`Root fingerprint: ${fingerprint}`];
  if (next.root === undefined) return [];
  const first = [oldestRoot, currentRoot].find((root) => root?.version === 1);
  return [
    `Fingerprint of root ${after.root.value.version}: ${fingerprint}`,
    `Proxies are told that of root 1, as before${first === undefined ? "" : `: ${first.fingerprint}`}`,
  ];
}

function checkComplete({ description, missing }: JudgedCeremony): void {
  if (missing.length === 0) return;
  const holders = holdersByKey(description.roles);
  const lines = missing.flatMap((demand) => demandLines(demand, holders));
  throw new RefusedError(
    "ceremony.incomplete",
    `Cannot publish: signatures are missing: ${lines.map((line) => line.trim()).join(", ")}`,
  );
}

/** Throws RefusedError `ceremony.output` where an index has begun already, and as the signer would when it starts. */
async function publishFirst(
  data: DataFolder,
  metadata: Readonly<Record<OfflineRole, Uint8Array>>,
): Promise<void> {
  acceptFirstOffline(metadata, await openKeyFolder(data.onlineKeys).read());
  if (existsSync(join(data.signer, "signer.sqlite"))) {
    throw begun("a signer has run in this data folder already");
  }
  await writeFirstMetadata(data.publicTree, metadata);
  // What lay there first is what counts.
  const written = await readFirstMetadata(data.publicTree);
  const isSame = (["root", "targets", "claimed"] as const).every(
    (role) => written !== undefined && Buffer.compare(written[role], metadata[role]) === 0,
  );
  if (!isSame) throw begun("other first metadata lies in this data folder already");
}

function begun(reason: string): RefusedError {
  return new RefusedError("ceremony.output", `Cannot publish a first root: ${reason}`);
}
