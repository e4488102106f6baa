import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { formatBackupRequest, parseBackupRequest } from "./backup-request.ts";
import {
  canonicalChange,
  formatChange,
  formatChangeResult,
  formatPagePointers,
  parseChange,
  parseChangeResult,
  parsePagePointers,
} from "./change-json.ts";
import type { Change, ChangeResult, PagePointer } from "./change.ts";
import {
  formatCurrentOfflineMetadata,
  formatOfflineMetadata,
  parseCurrentOfflineMetadata,
  parseOfflineMetadata,
} from "./offline-metadata.ts";
import { formatSignerStatus, parseSignerStatus } from "./signer-status.ts";

const project = normaliseProjectName("demo");
const text = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
const head = { id: text, project: fc.constant(project), filename: text };

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("add-file" as const),
      ...head,
      version: text,
      sha256: text,
      size: fc.maxSafeNat(),
      uploadTime: text,
      requiresPython: text,
      coreMetadata: text,
    },
    {
      noNullPrototype: true,
      requiredKeys: [
        "kind",
        "id",
        "project",
        "filename",
        "version",
        "sha256",
        "size",
        "uploadTime",
      ],
    },
  ),
  fc.record(
    {
      kind: fc.constant("yank-file" as const),
      ...head,
      yanked: fc.oneof(fc.boolean(), text),
    },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant("remove-file" as const), ...head }, { noNullPrototype: true }),
  fc.record(
    {
      kind: fc.constant("set-status" as const),
      id: text,
      project: fc.constant(project),
      status: fc.constantFrom("active" as const, "archived" as const, "quarantined" as const),
      reason: text,
    },
    { noNullPrototype: true, requiredKeys: ["kind", "id", "project", "status"] },
  ),
);

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test("parseChange() reads what formatChange() writes", () => {
  fc.assert(
    fc.property(changes, (change) => {
      assert.deepEqual(parseChange(formatChange(change)), change);
      assert.deepEqual(canonicalChange(parseChange(formatChange(change))), canonicalChange(change));
    }),
    { numRuns: 100 },
  );
});

test("parseChange() refuses what is not a change", () => {
  const good = { kind: "remove-file", id: "1", project: "demo", filename: "demo-1.tar.gz" };
  assert.equal(parseChange(bytesOf(good)).id, "1");
  const bad: readonly unknown[] = [
    null,
    [],
    {},
    { ...good, kind: "drop-database" },
    { ...good, id: "" },
    { ...good, id: "x".repeat(129) },
    { ...good, project: "Demo" },
    { ...good, project: "../demo" },
    { ...good, filename: 1 },
    { ...good, kind: "yank-file" },
    { ...good, kind: "set-status", status: "gone" },
    { ...good, kind: "add-file", version: "1", sha256: "", size: -1, uploadTime: "" },
  ];
  for (const value of bad) {
    assert.throws(() => parseChange(bytesOf(value)), { code: "json.type" }, JSON.stringify(value));
  }
  assert.throws(() => parseChange(new Uint8Array(100_000).fill(0x20)), { code: "json.size" });
});

test("results and page pointers travel through the door unchanged", () => {
  const page: PagePointer = { project, sha256: "ab".repeat(32), size: 10, serial: 4 };
  const results: readonly ChangeResult[] = [
    { id: "1", outcome: "published", page },
    { id: "2", outcome: "refused", code: "file.unknown", message: "No such file" },
  ];
  for (const result of results) {
    assert.deepEqual(parseChangeResult(formatChangeResult(result)), result);
  }
  assert.deepEqual(parsePagePointers(formatPagePointers([page])), [page]);
  assert.throws(() => parseChangeResult(bytesOf({ id: "1", outcome: "maybe" })), {
    code: "json.type",
  });
  assert.throws(
    () => parseChangeResult(bytesOf({ id: "1", outcome: "refused", code: "x", message: "" })),
    { code: "json.type" },
  );
});

test("offline metadata travels byte for byte and never empty", () => {
  const root = Uint8Array.of(1, 2, 3);
  const targets = Uint8Array.of(4);
  const claimed = Uint8Array.of(5, 6);
  assert.deepEqual(parseOfflineMetadata(formatOfflineMetadata({ root, claimed })), {
    root,
    claimed,
  });
  const current = {
    metadata: { root, targets, claimed },
    nextVersions: { root: 2, targets: 3, claimed: 4 },
  };
  assert.deepEqual(parseCurrentOfflineMetadata(formatCurrentOfflineMetadata(current)), current);
  assert.throws(() => parseOfflineMetadata(bytesOf({})), { code: "json.type" });
  assert.throws(() => parseOfflineMetadata(bytesOf({ root: "AA" })), { code: "bytes.base64" });
});

test("status and backup requests travel unchanged", () => {
  const role = {
    role: "timestamp",
    version: 3,
    threshold: 1,
    keyIds: ["ab".repeat(32)],
    signedAt: "2029-12-31T00:00:00Z",
    expires: "2030-01-02T00:00:00Z",
    dueAt: "2030-01-01T12:00:00Z",
    due: false,
    expired: false,
    offline: false,
    nextVersion: 4,
  };
  const status = {
    serial: 7,
    batch: 3,
    waiting: 0,
    projects: 2,
    bins: 16,
    clockBehindMs: 0,
    rootFingerprint: "sha256:00",
    roles: [role],
    keys: [
      {
        keyId: "ab".repeat(32),
        scheme: "ed25519",
        holder: { name: "Ada", kind: "ssh-agent" as const },
      },
      { keyId: "cd".repeat(32), scheme: "unknown" },
    ],
    heldKeys: [
      { name: "timestamp", keyId: "ab".repeat(32), state: "current" as const },
      { name: "timestamp", keyId: "cd".repeat(32), state: "next" as const },
      { name: "bins", keyId: "ef".repeat(32), state: "retired" as const },
    ],
  };
  assert.deepEqual(parseSignerStatus(formatSignerStatus(status)), status);
  const later = { ...status, newestRootFingerprint: "sha256:01" };
  assert.deepEqual(parseSignerStatus(formatSignerStatus(later)), later);
  const held = {
    ...status,
    keys: [
      { keyId: "00", scheme: "ed25519", holder: { name: " Bob \u202e\u{e0fff}", kind: "file" } },
    ],
  } as const;
  assert.deepEqual(
    parseSignerStatus(formatSignerStatus(held)),
    held,
    "a name that metadata may have, and no card",
  );
  const strange = bytesOf({ ...status, heldKeys: [{ name: "bins", keyId: "", state: "lost" }] });
  assert.throws(() => parseSignerStatus(strange), { code: "json.type" });
  assert.deepEqual(parseBackupRequest(formatBackupRequest({ dir: "/backup" })), { dir: "/backup" });
});
