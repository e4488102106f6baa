import assert from "node:assert/strict";
import { test } from "node:test";
import type { AddFile, Change, ChangeRefusedCode } from "#formats/door/change.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { decideChanges } from "./decide-changes.ts";
import type { Decisions, FileBinding, Knowledge } from "./decide-changes.ts";
import { publicationLimits } from "./limits.ts";
import { emptyProject } from "./project-record.ts";
import type { ProjectFile, ProjectRecord } from "./project-record.ts";

const demo = normaliseProjectName("demo");
const nothing: Knowledge = { projects: new Map(), bindings: new Map() };
let ids = 0;

function anAdd(change: Partial<AddFile> = {}): AddFile {
  ids += 1;
  return {
    kind: "add-file",
    id: `change ${ids}`,
    project: demo,
    filename: "demo-1.0.tar.gz",
    version: "1.0",
    sha256: "ab".repeat(32),
    size: 100,
    uploadTime: "2026-01-02T03:04:05.678901Z",
    ...change,
  };
}

/** What is known after these were decided and committed. */
function knownAfter(decisions: Decisions, before: Knowledge = nothing): Knowledge {
  return {
    projects: new Map([...before.projects, ...decisions.projects]),
    bindings: new Map([...before.bindings, ...decisions.bindings]),
  };
}

function outcomes(changes: readonly Change[], known: Knowledge = nothing): readonly string[] {
  const { byId } = decideChanges(changes, known);
  return changes.map(({ id }) => {
    const decision = byId.get(id);
    return decision?.outcome === "refused" ? decision.code : (decision?.outcome ?? "missing");
  });
}

function assertRefused(change: Change, code: ChangeRefusedCode, known: Knowledge = nothing): void {
  const decisions = decideChanges([change], known);
  assert.deepEqual(outcomes([change], known), [code]);
  assert.equal(decisions.projects.size, 0, "a refused change leaves no project");
  assert.equal(decisions.bindings.size, 0, "a refused change binds no name");
  assert.equal(decisions.added.length, 0);
}

const published: Knowledge = knownAfter(decideChanges([anAdd()], nothing));
const yank = { kind: "yank-file", project: demo, filename: "demo-1.0.tar.gz" } as const;
const remove = { kind: "remove-file", project: demo, filename: "demo-1.0.tar.gz" } as const;
const status = { kind: "set-status", project: demo } as const;

test("the first file of a name makes the project and binds the name", () => {
  const decisions = decideChanges([anAdd()], nothing);
  assert.equal(decisions.projects.get(demo)?.files.length, 1);
  assert.equal(decisions.bindings.get("demo-1.0.tar.gz")?.sha256, "ab".repeat(32));
  assert.deepEqual([...(decisions.touched.get(demo)?.keys() ?? [])], ["demo-1.0.tar.gz"]);
});

test("a file name belongs to its bytes for ever", () => {
  const sha256 = "cd".repeat(32);
  assertRefused(anAdd({ sha256 }), "upload.filename-reused", published);
  assertRefused(anAdd({ size: 101 }), "upload.filename-reused", published);
  const removed = knownAfter(decideChanges([{ ...remove, id: "r" }], published), published);
  assertRefused(anAdd({ sha256 }), "upload.filename-reused", removed);
  assertRefused(anAdd(), "upload.filename-deleted", removed);
  assert.deepEqual(outcomes([anAdd(), anAdd({ sha256 })]), ["accepted", "upload.filename-reused"]);
});

test("the same bytes again change nothing", () => {
  const decisions = decideChanges(
    [anAdd({ uploadTime: "2027-01-01T00:00:00.000000Z" })],
    published,
  );
  assert.equal([...decisions.byId.values()][0]?.outcome, "accepted");
  assert.equal(decisions.projects.size, 0);
  assert.equal(decisions.added.length, 0);
});

test("a name that a restored backup had lost takes its own bytes back and no others", () => {
  const lost: FileBinding = { ...anAdd(), lost: true };
  const known = { projects: new Map(), bindings: new Map([[lost.filename, lost]]) };
  assert.deepEqual(outcomes([anAdd()], known), ["accepted"]);
  assertRefused(anAdd({ sha256: "cd".repeat(32) }), "upload.filename-reused", known);
});

test("names, versions and projects must fit each other", () => {
  assert.deepEqual(outcomes([anAdd({ filename: "Demo-1.0-py3-none-any.whl" })]), ["accepted"]);
  const other = normaliseProjectName("other");
  assertRefused(anAdd({ project: other }), "upload.filename");
  assertRefused(anAdd({ version: "1.1" }), "upload.filename");
  assertRefused(anAdd({ filename: "../demo-1.0.tar.gz" }), "upload.filename");
  assertRefused(anAdd({ filename: "demo-1.0.exe" }), "upload.filename");
  assertRefused(anAdd({ filename: "demo-1.0.tar.gz\n" }), "upload.filename");
});

test("what no client's reader would take is not signed", () => {
  assertRefused(anAdd({ sha256: "AB".repeat(32) }), "change.malformed");
  assertRefused(anAdd({ sha256: "ab" }), "change.malformed");
  assertRefused(anAdd({ coreMetadata: "zz" }), "change.malformed");
  assertRefused(anAdd({ uploadTime: "yesterday" }), "change.malformed");
  assertRefused(anAdd({ uploadTime: "2026-02-30T00:00:00.000000Z" }), "change.malformed");
  assertRefused(anAdd({ requiresPython: ">=3.8\u0000" }), "change.malformed");
  assertRefused(anAdd({ requiresPython: "" }), "change.malformed");
  assertRefused(anAdd({ requiresPython: "\ud800" }), "change.malformed");
  const long = ">=3".repeat(publicationLimits.requiresPythonLengthMax);
  assertRefused(anAdd({ requiresPython: long }), "change.malformed");
  assertRefused({ ...yank, id: "y", yanked: "two\nlines" }, "change.malformed", published);
  assertRefused({ ...yank, id: "y", yanked: "" }, "change.malformed", published);
  assertRefused({ ...yank, id: "y", yanked: "x".repeat(1_025) }, "change.malformed", published);
  const reason = "bad\u0007";
  assertRefused({ ...status, id: "s", status: "archived", reason }, "change.malformed", published);
});

test("only what is there is yanked, removed or marked", () => {
  const gone = knownAfter(decideChanges([{ ...remove, id: "r" }], published), published);
  assertRefused({ ...yank, id: "y", yanked: true }, "project.unknown");
  assertRefused({ ...remove, id: "r" }, "project.unknown");
  assertRefused({ ...status, id: "s", status: "archived" }, "project.unknown");
  assertRefused({ ...yank, id: "y", yanked: true }, "file.unknown", gone);
  assertRefused({ ...remove, id: "r" }, "file.unknown", gone);
});

test("what is so already changes nothing", () => {
  const changes = [
    { ...yank, id: "y", yanked: false },
    { ...status, id: "s", status: "active" },
  ] as const;
  const decisions = decideChanges(changes, published);
  assert.deepEqual(outcomes(changes, published), ["accepted", "accepted"]);
  assert.equal(decisions.projects.size, 0);
});

test("a project that is archived or quarantined takes no new files, but can be left so", () => {
  const again = anAdd({ filename: "demo-2.0.tar.gz", version: "2.0" });
  for (const [name, code] of [
    ["archived", "project.archived"],
    ["quarantined", "project.quarantined"],
  ] as const) {
    const set = { ...status, id: "s", status: name, reason: "because" };
    const closed = knownAfter(decideChanges([set], published), published);
    assert.equal(closed.projects.get(demo)?.statusReason, "because");
    assertRefused(again, code, closed);
    assert.deepEqual(outcomes([anAdd()], closed), ["accepted"], "same bytes again");
    const reopened = [{ ...status, id: "a", status: "active" }, again] as const;
    assert.deepEqual(outcomes(reopened, closed), ["accepted", "accepted"]);
  }
});

test("a project has a greatest number of files", () => {
  const files = Array.from({ length: publicationLimits.projectFilesMax }, (_, at): ProjectFile => {
    const version = String(100_000 + at);
    return { filename: `demo-${version}.tar.gz`, version, entry: new Uint8Array() };
  });
  const full: ProjectRecord = { ...emptyProject(demo), files };
  const known = { projects: new Map([[demo, full]]), bindings: new Map() };
  assertRefused(anAdd(), "limit.files", known);
});

test("a file whose stored bytes are wrong is refused, and what it stood in the way of is not", () => {
  const wrong = anAdd();
  const right = anAdd({ sha256: "cd".repeat(32) });
  assert.deepEqual(outcomes([wrong, right]), ["accepted", "upload.filename-reused"]);
  const { byId, bindings } = decideChanges([wrong, right], nothing, new Set([wrong.id]));
  const refused = byId.get(wrong.id);
  assert.equal(refused?.outcome === "refused" && refused.code, "upload.stored-bytes");
  assert.equal(byId.get(right.id)?.outcome, "accepted");
  assert.equal(bindings.get(right.filename)?.sha256, right.sha256);
});
