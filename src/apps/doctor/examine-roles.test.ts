import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { parseConfig } from "#formats/config/config.ts";
import { formatSignerStatus } from "#formats/door/signer-status.ts";
import type { RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";
import { initRepository, publicOnlineKeys } from "#core/publication/first-repository.ts";
import type { OfflineKeys } from "#core/publication/first-repository.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import { generateEd25519 } from "#crypto/signer.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { makeOnlineKeys } from "#stores/folder/online-keys.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { examineRoles } from "./examine-roles.ts";
import type { Finding } from "./finding.ts";
import type { FollowedTree } from "./follow-tree.ts";

const now = new Date("2029-06-01T00:00:00Z");

type Scene = { readonly data: DataFolder; readonly tree: FollowedTree };

/** A data folder with the signer's keys, and what a client has accepted of its first metadata. */
async function aScene(t: TestContext): Promise<Scene> {
  const data = dataFolder(mkdtempSync(join(tmpdir(), "holdfast-doctor-")));
  t.after(() => rmSync(data.root, { recursive: true }));
  const random = createSeededRandom(1).bytes;
  const next = (): OfflineKeys["targets"] => tufSigner(generateEd25519(random).signer);
  const offline = { root: [next(), next()], targets: next(), claimed: next() };
  const online = publicOnlineKeys(await makeOnlineKeys(data.onlineKeys, random));
  const { lifetimes } = parseConfig("").signer;
  const made = await initRepository({ rootThreshold: 2, offline, online }, lifetimes, now);
  const store = createMemoryTrustedStore();
  await store.writeRoot(1, made.root);
  await store.writeRole("targets", made.targets);
  return { data, tree: { store, problem: undefined } };
}

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code, level, subject }) => `${level} ${code} ${subject}`);
}

function troubles(findings: readonly Finding[]): readonly string[] {
  return brief(findings.filter(({ level }) => level !== "good"));
}

test("examineRoles() says who holds which key while no signer runs", async (t) => {
  const { data, tree } = await aScene(t);
  const findings = await examineRoles(data, tree, now);
  assert.deepEqual(troubles(findings), []);
  assert.deepEqual(
    findings.map(({ subject }) => subject),
    [
      ...["root", "snapshot", "targets", "timestamp"],
      ...["deny", "claimed", "recently-claimed", "unclaimed"],
    ],
  );
  assert.match(
    findings[0]?.message ?? "",
    /^root is signed by 2 of the keys of root-1, file \(ed25519 [0-9a-f]{16}…\), root-2, file/,
  );
  assert.deepEqual(await examineRoles(data, undefined, now), []);
});

test("examineRoles() finds a key the signer lacks, and one it holds too many", async (t) => {
  const { data, tree } = await aScene(t);
  const key = (name: string): string => join(data.onlineKeys, `${name}.pem`);
  copyFileSync(key("snapshot"), key("timestamp.retired"));
  rmSync(key("deny"));
  assert.deepEqual(troubles(await examineRoles(data, tree, now)), [
    "fault key.not-held deny",
    "note key.unused timestamp",
  ]);
});

test("examineRoles() takes the signer's word while it runs", async (t) => {
  const { data, tree } = await aScene(t);
  const [keyId, binsId, targetsId] = ["ab".repeat(32), "cd".repeat(32), "ef".repeat(32)];
  const role = (name: string, of: string, offline: boolean): RoleStatus => ({
    ...{ role: name, version: 2, nextVersion: 3, threshold: 1, keyIds: [of], offline },
    ...{ signedAt: "2029-05-31T00:00:00Z", expires: "2030-06-02T00:00:00Z" },
    ...{ dueAt: "2030-01-01T00:00:00Z", due: false, expired: false },
  });
  const status: SignerStatus = {
    ...{ serial: 9, batch: 9, waiting: 0, projects: 1, bins: 16, clockBehindMs: 0 },
    rootFingerprint: `sha256:${keyId}`,
    roles: [
      {
        ...{ role: "claimed", version: 2, nextVersion: 3, threshold: 1, keyIds: [keyId] },
        ...{ signedAt: "2029-01-01T00:00:00Z", expires: "2029-06-02T00:00:00Z" },
        ...{ dueAt: "2029-04-01T00:00:00Z", due: true, expired: false, offline: true },
      },
      role("bins", binsId, false),
      role("targets", targetsId, true),
    ],
    keys: [
      { keyId, scheme: "ed25519", holder: { name: "Ada", kind: "ssh-agent" } },
      { keyId: binsId, scheme: "ed25519" },
      { keyId: targetsId, scheme: "ed25519" },
    ],
    heldKeys: [
      { name: "bins", keyId, state: "current" },
      { name: "bins", keyId: binsId, state: "current" },
    ],
  };
  mkdirSync(dirname(data.signerSocket), { recursive: true });
  const server = createServer((_request, response) => response.end(formatSignerStatus(status)));
  await new Promise<void>((resolve) => server.listen(data.signerSocket, resolve));
  t.after(() => server.close());
  const findings = await examineRoles(data, tree, now);
  assert.deepEqual(brief(findings), [
    ...["claimed", "bins", "targets"].map((name) => `good role.keys ${name}`),
    "fault key.misplaced claimed",
  ]);
  assert.equal(
    findings[0]?.message,
    "claimed is signed by the key of Ada, ssh-agent (ed25519 abababababababab…); last signed at 2029-01-01T00:00:00Z",
  );
  assert.match(
    findings[1]?.message ?? "",
    /^bins is signed by the key of the signer \(ed25519 cdcd/,
  );
  assert.match(findings[2]?.message ?? "", /^targets is signed by the key of an unnamed holder/);
});
