import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { parseConfig } from "#formats/config/config.ts";
import { formatSignerStatus, type RoleStatus } from "#formats/door/signer-status.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { SimTufRepository } from "#world/tuf-repository.ts";
import { examineKeys } from "./examine-keys.ts";
import { examineMetadata } from "./examine-metadata.ts";
import { examinePrograms, examineRestored } from "./examine-programs.ts";
import type { Finding } from "./finding.ts";
import { followTree } from "./follow-tree.ts";

const { lifetimes } = parseConfig("").signer;
const now = new Date("2029-06-01T00:00:00Z");

function aDataFolder(t: TestContext): DataFolder {
  const root = mkdtempSync(join(tmpdir(), "holdfast-doctor-"));
  t.after(() => rmSync(root, { recursive: true }));
  const data = dataFolder(root);
  mkdirSync(data.onlineKeys, { recursive: true, mode: 0o700 });
  mkdirSync(join(data.publicTree, "tuf"), { recursive: true });
  return data;
}

/** Roles named as ours are, each good until 2030 but where a test says otherwise. */
async function publish(
  data: DataFolder,
  prepare?: (repository: SimTufRepository) => void,
): Promise<void> {
  const repository = new SimTufRepository();
  repository.delegate("targets", { name: "claimed", paths: ["simple/*/index.json"] });
  prepare?.(repository);
  await repository.publishAll();
  for (const [name, bytes] of repository.files) {
    writeFileSync(join(data.publicTree, "tuf", name), bytes);
  }
}

async function look(data: DataFolder): Promise<readonly Finding[]> {
  return examineMetadata(data, await followTree(data, () => now), lifetimes, now);
}

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ level, code, subject }) => `${level} ${code} ${subject}`);
}

test("examineMetadata() finds every role that a client passes, and how long it lives", async (t) => {
  const data = aDataFolder(t);
  await publish(data);
  const findings = await look(data);
  assert.deepEqual(brief(findings), [
    "good metadata.expiry root",
    "good metadata.expiry timestamp",
    "good metadata.expiry snapshot",
    "good metadata.expiry targets",
    "good metadata.expiry claimed",
  ]);
  assert.equal(
    findings[0]?.message,
    "root (says which keys sign the rest) is good for 214 days more (until 2030-01-01T00:00:00Z)",
  );
});

test("examineMetadata() warns at half life of what only a person can renew", async (t) => {
  const data = aDataFolder(t);
  await publish(data, (repository) => {
    repository.draft("claimed").expires = "2029-11-01T00:00:00Z";
    repository.draft("timestamp").expires = "2029-06-01T06:00:00Z";
  });
  const findings = await look(data);
  assert.deepEqual(
    brief(findings).filter((line) => !line.startsWith("good")),
    ["warning metadata.expiry claimed"],
  );
});

test("examineMetadata() finds what has expired, and that clients refuse it", async (t) => {
  const data = aDataFolder(t);
  await publish(data, (repository) => {
    repository.root.expires = "2029-05-01T00:00:00Z";
  });
  const findings = await look(data);
  assert.deepEqual(brief(findings), [
    `fault metadata.broken ${join(data.publicTree, "tuf")}`,
    "fault metadata.expiry root",
  ]);
  assert.match(findings[1]?.message ?? "", /^root \(.*\) is good no longer/);
});

test("examineMetadata() says when there is no index yet", async (t) => {
  const data = aDataFolder(t);
  const findings = await look(data);
  assert.deepEqual(brief(findings), [`fault data.empty ${data.root}`]);
});

test("examineKeys() finds keys that others can read, and offline keys on this machine", (t) => {
  const data = aDataFolder(t);
  const key = join(data.onlineKeys, "snapshot.key");
  writeFileSync(key, "", { mode: 0o600 });
  assert.deepEqual(brief(examineKeys(data)), [
    `good keys.offline-away ${data.offlineKeys}`,
    "good keys.permissions secrets",
  ]);
  mkdirSync(data.offlineKeys, { mode: 0o700 });
  writeFileSync(join(data.offlineKeys, "root.key"), "", { mode: 0o600 });
  chmodSync(key, 0o640);
  assert.deepEqual(brief(examineKeys(data)), [
    `warning keys.offline-here ${data.offlineKeys}`,
    `fault keys.permissions ${key}`,
  ]);
});

test("examinePrograms() tells a program that does not run from a socket that was left behind", async (t) => {
  const data = aDataFolder(t);
  mkdirSync(join(data.root, "run"));
  writeFileSync(data.signerSocket, "");
  assert.deepEqual(brief(await examinePrograms(data)), [
    "warning program.silent signer",
    "note program.silent index",
  ]);
});

test("examinePrograms() warns of an index whose signer does not run", async (t) => {
  const data = aDataFolder(t);
  mkdirSync(dirname(data.adminSocket), { recursive: true });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(data.adminSocket, resolve));
  t.after(() => server.close());
  assert.deepEqual(brief(await examinePrograms(data)), [
    "warning program.silent signer",
    "good program.answers index",
  ]);
});

test("examineRestored() names the offline roles that a restored backup took back", async (t) => {
  const data = aDataFolder(t);
  assert.deepEqual(await examineRestored(data), []);
  const expires = "2030-01-01T00:00:00Z";
  const role = (
    name: string,
    version: number,
    nextVersion: number,
    offline: boolean,
  ): RoleStatus => {
    const times = { expires, dueAt: expires, due: nextVersion > version + 1, expired: false };
    const signed = { threshold: 1, keyIds: ["ab".repeat(32)], signedAt: "2029-01-01T00:00:00Z" };
    return { role: name, version, nextVersion, offline, ...signed, ...times };
  };
  const status = formatSignerStatus({
    ...{ serial: 9, batch: 9, waiting: 0, projects: 1, bins: 16, clockBehindMs: 0 },
    rootFingerprint: `sha256:${"ab".repeat(32)}`,
    roles: [
      role("root", 1, 2, true),
      role("targets", 3, 1_000_000, true),
      role("claimed", 1_000_000, 1_000_001, true),
      role("snapshot", 5, 1_000_000, false),
    ],
    keys: [],
    heldKeys: [],
  });
  mkdirSync(dirname(data.signerSocket), { recursive: true });
  const server = createServer((_request, response) => response.end(status));
  await new Promise<void>((resolve) => server.listen(data.signerSocket, resolve));
  t.after(() => server.close());
  assert.deepEqual(brief(await examineRestored(data)), ["warning metadata.behind targets"]);
});
