/** What the editor makes of claims, and that nothing else is read back as claims. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAY } from "#world/sim-clock.ts";
import { actor } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { isProjectName, normaliseProjectName } from "#formats/python/project-name.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { specVersion } from "#formats/tuf/metadata.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { DelegatedRole, Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { claimLimits } from "./claim-limits.ts";
import { claimedPartOf, claimedRoles, claimsContent, splitFor } from "./claimed-roles.ts";
import type { Claim, ClaimedSplit } from "./claimed-roles.ts";
import { nextMetadata, tufSigner } from "./editor.ts";
import { delegatedRoleNames, isBinName, projectOfRole } from "./layout.ts";
import { projectRoleName, releaseRoleName } from "./layout.ts";
import { openClaimed, openClaims } from "./open-claims.ts";
import { openProjectRole, openReleaseRole, projectContent } from "./project-roles.ts";
import type { ProjectStatement } from "./project-roles.ts";
import { signTargetsRole } from "./targets-content.ts";
import type { TargetsContent } from "./targets-content.ts";

const now = new Date("2026-01-01T00:00:00Z");
const signing = { version: 1, now, lifetimeMs: DAY, signers: [tufSigner(actor("claimed"))] };
const claimedKey = tufKeyOf(actor("claimed").publicKey);
const signers = {
  keyIds: [claimedKey.keyId],
  threshold: 1,
  keys: new Map([[claimedKey.keyId, claimedKey]]),
};
const demo = normaliseProjectName("demo");
const sha256 = "ab".repeat(32);

function keysOf(...names: readonly string[]): readonly PublicKey[] {
  return names.map((name) => actor(name).publicKey);
}

function claimOf(project: string, names: readonly string[] = ["alice"], threshold = 1): Claim {
  return {
    project: normaliseProjectName(project),
    owners: { keys: keysOf(...names), threshold },
  };
}

function claimsOf(count: number): readonly Claim[] {
  return Array.from({ length: count }, (_, index) => claimOf(`project-${index}`));
}

/** As it is read from a file: through the bytes. */
async function written(content: TargetsContent): Promise<Targets> {
  const { bytes } = await signTargetsRole("claimed", content, signing);
  return parseSigned(bytes, targetsDecoder).value;
}

const isRefused = (error: unknown): boolean =>
  error instanceof RefusedError && error.code === "claim.refused";

test("a claim is a terminating delegation of the project's page alone", async () => {
  const content = claimsContent("claimed", [claimOf("Demo.Project", ["alice", "bob"], 2)]);
  const { delegations, targets } = await written(content);
  assert.equal(targets.size, 0);
  const ids = keysOf("alice", "bob").map((key) => tufKeyOf(key).keyId);
  assert.deepEqual(delegations?.roles, [
    {
      name: "project-demo-project",
      keyIds: ids.toSorted(),
      threshold: 2,
      paths: ["simple/demo-project/index.json"],
      terminating: true,
    },
  ]);
  assert.deepEqual([...delegations.keys.keys()], ids.toSorted());
});

test("the same claims make the same bytes in whatever order they and their keys come", async () => {
  const a = claimOf("a", ["alice", "bob"], 2);
  const b = claimOf("b", ["carol", "alice"]);
  const bytesOf = async (claims: readonly Claim[]): Promise<string> =>
    (await signTargetsRole("claimed", claimsContent("claimed", claims), signing)).sha256;
  const turned = { ...a, owners: { keys: keysOf("bob", "alice"), threshold: 2 } };
  assert.equal(await bytesOf([a, b]), await bytesOf([b, turned]));
});

test("no project's role has the name of another role", () => {
  const taken = new Set(["root", "snapshot", "targets", "timestamp", ...delegatedRoleNames]);
  const letters = fc.constantFrom(
    "a",
    "z",
    "0",
    "9",
    "-",
    "bin-",
    "claimed-",
    "project-",
    "release",
  );
  const texts = fc.array(letters, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(texts.filter(isProjectName), texts.filter(isProjectName), (project, other) => {
      const names = [projectRoleName(project), releaseRoleName(project)];
      for (const name of names) {
        assert.ok(!taken.has(name) && !isBinName(name) && !name.startsWith("claimed-"));
        assert.match(name, /^project-[a-z0-9.-]+$/);
        if (project === other) continue;
        assert.ok(name !== projectRoleName(other) && name !== releaseRoleName(other));
      }
      assert.equal(projectOfRole(projectRoleName(project)), project);
      assert.equal(projectOfRole(releaseRoleName(project)), undefined);
    }),
  );
  assert.equal(projectOfRole("bin-0"), undefined);
  assert.equal(projectOfRole("project-A"), undefined);
});

test("claimed is split from 1,000 projects on, so that a part has 64 of them on average", () => {
  const at = [0, 999, 1_000, 1_024, 1_025, 16_384, 16_385, 700_000];
  assert.deepEqual(at.map(splitFor), [0, 0, 1, 1, 2, 2, 3, 3]);
});

test("a split claims each project in the part of its page's hash, and parts without one exist too", () => {
  const claims = claimsOf(40);
  for (const split of [1, 2, 3] as const) {
    const roles = claimedRoles(claims, split, signers);
    assert.equal(roles.size, 16 ** split + 1);
    assert.equal([...roles.keys()].at(-1), "claimed");
    for (const { project } of claims) {
      const page = `simple/${project}/index.json`;
      const part = `claimed-${sha256Hex(formatUtf8(page)).slice(0, split)}`;
      assert.equal(claimedPartOf(project, split), part);
      const inPart = roles.get(part)?.delegations?.roles ?? [];
      assert.ok(
        inPart.some(({ name, paths }) => name === `project-${project}` && paths?.[0] === page),
      );
    }
    const listed = [...roles].flatMap(([name, { delegations }]) =>
      name === "claimed" ? [] : (delegations?.roles ?? []),
    );
    assert.equal(listed.length, claims.length);
    const top = roles.get("claimed")?.delegations;
    assert.deepEqual(top?.keys, signers.keys);
    assert.deepEqual(top?.roles?.at(-1), {
      name: `claimed-${"f".repeat(split)}`,
      keyIds: signers.keyIds,
      threshold: 1,
      pathHashPrefixes: ["f".repeat(split)],
      terminating: false,
    });
  }
});

test("claims that nobody could sign, or that say a thing twice, are refused", () => {
  const many = Array.from({ length: claimLimits.keysMax }, (_, index) => `owner-${index}`);
  claimsContent("claimed", [claimOf("a", many, many.length)]);
  const refusals: Readonly<Record<string, readonly Claim[]>> = {
    "no key": [claimOf("a", [])],
    "too many keys": [claimOf("a", [...many, "one-more"])],
    "one key twice": [claimOf("a", ["alice", "alice"], 2)],
    "threshold 0": [claimOf("a", ["alice"], 0)],
    "threshold above the keys": [claimOf("a", ["alice", "bob"], 3)],
    "threshold that is no number": [claimOf("a", ["alice", "bob"], 1.5)],
    "one project twice": [claimOf("a-b"), claimOf("c"), claimOf("A_B", ["bob"])],
  };
  for (const [what, claims] of Object.entries(refusals)) {
    assert.throws(() => claimsContent("claimed", claims), isRefused, what);
    assert.throws(() => claimedRoles(claims, 1, signers), isRefused, what);
  }
});

test("a file of claims has a bound, in number and in bytes", async () => {
  const one = claimOf("a");
  const tooMany = Array.from({ length: claimLimits.roleClaimsMax + 1 }, () => one);
  assert.throws(() => claimsContent("claimed", tooMany), /8193 claims are more than 8192/);
  const content = claimsContent("claimed", [one]);
  const name = "x".repeat(claimLimits.fileSizeMax);
  const target = { length: 1, hashes: new Map([["sha256", sha256]]) };
  await signTargetsRole("claimed", content, signing);
  await assert.rejects(
    signTargetsRole("claimed", { ...content, targets: new Map([[name, target]]) }, signing),
    isRefused,
  );
});

test("claims are read back as they were, split or not", async () => {
  const claims = [claimOf("b", ["bob", "alice"], 2), ...claimsOf(9), claimOf("a")];
  const plain = [["a", 1], ["b", 2], ...claimsOf(9).map(({ project }) => [project, 1])];
  for (const split of [0, 1, 2] as const) {
    const files = await filesOf(claims, split);
    const opened = openClaimed(files, signers);
    assert.equal(opened.split, split);
    const names = opened.claims.map(({ owners, project }) => [project, owners.threshold]);
    assert.deepEqual(names, plain);
    assert.deepEqual(
      claimedRoles(opened.claims, split, signers),
      claimedRoles(claims, split, signers),
    );
  }
  const recent = await written(claimsContent("recently-claimed", claims));
  assert.equal(openClaims("recently-claimed", recent).length, claims.length);
  assert.deepEqual(openClaims("recently-claimed", await written(claimsContent("", []))), []);
});

async function filesOf(
  claims: readonly Claim[],
  split: ClaimedSplit,
): Promise<Map<string, Targets>> {
  const files = new Map<string, Targets>();
  for (const [name, content] of claimedRoles(claims, split, signers)) {
    files.set(name, await written(content));
  }
  return files;
}

const goodRole: DelegatedRole = {
  name: "project-demo",
  keyIds: [tufKeyOf(actor("alice").publicKey).keyId],
  threshold: 1,
  paths: ["simple/demo/index.json"],
  terminating: true,
};

function fileWith(role: DelegatedRole, extraKeys: readonly string[] = []): Targets {
  const keys = keysOf("alice", ...extraKeys).map((key) => tufKeyOf(key));
  return {
    ...nextMetadata(signing),
    targets: new Map(),
    delegations: { keys: new Map(keys.map((key) => [key.keyId, key])), roles: [role] },
  };
}

test("a delegation that is not exactly a claim is refused", () => {
  openClaims("claimed", fileWith(goodRole));
  const page = { length: 1, hashes: new Map([["sha256", sha256]]) };
  const { paths, ...withoutPaths } = goodRole;
  const bad: Readonly<Record<string, Targets>> = {
    "the name of a bin": fileWith({ ...goodRole, name: "bin-0" }),
    "another project's name": fileWith({ ...goodRole, name: "project-other" }),
    "a name that is not normalised": fileWith({ ...goodRole, name: "project-Demo" }),
    "a release role": fileWith({ ...goodRole, name: "project-demo.release" }),
    "another path": fileWith({ ...goodRole, paths: ["simple/*/index.json"] }),
    "one more path": fileWith({ ...goodRole, paths: [...(paths ?? []), "deny.json"] }),
    "hash prefixes": fileWith({ ...withoutPaths, pathHashPrefixes: [""] }),
    "not terminating": fileWith({ ...goodRole, terminating: false }),
    "a key that nobody uses": fileWith(goodRole, ["bob"]),
    "a key that is not there": fileWith({ ...goodRole, keyIds: [...goodRole.keyIds, "00"] }),
    "more keys asked for than there are": fileWith({ ...goodRole, threshold: 2 }),
    "a target of its own": {
      ...fileWith(goodRole),
      targets: new Map([["simple/demo/index.json", page]]),
    },
    bins: {
      ...fileWith(goodRole),
      delegations: {
        keys: signers.keys,
        succinct: { keyIds: signers.keyIds, threshold: 1, bitLength: 4, namePrefix: "bin" },
      },
    },
  };
  for (const [what, file] of Object.entries(bad)) {
    assert.throws(() => openClaims("recently-claimed", file), isRefused, what);
    assert.throws(() => openClaimed(new Map([["claimed", file]]), signers), isRefused, what);
  }
});

test("a split with a part too few, too many, or outside its prefix is refused", async () => {
  const files = await filesOf([claimOf("demo")], 1);
  const own = claimedPartOf(demo, 1);
  const other = own === "claimed-0" ? "claimed-1" : "claimed-0";
  const without = (name: string): Map<string, Targets> =>
    new Map([...files].filter(([role]) => role !== name));
  const claim = files.get(own);
  const empty = files.get(other);
  assert.ok(claim && empty);
  const mallory = tufKeyOf(actor("mallory").publicKey);
  const foreign = {
    keyIds: [mallory.keyId],
    threshold: 1,
    keys: new Map([[mallory.keyId, mallory]]),
  };
  const cases: Readonly<Record<string, ReadonlyMap<string, Targets>>> = {
    "no claimed": without("claimed"),
    "a part is missing": without(own),
    "another file is among them": new Map([...files, ["claimed-00", empty]]),
    "a part claims outside its prefix": new Map([...files, [other, claim], [own, empty]]),
    "two parts claim it": new Map([...files, [other, claim]]),
  };
  for (const [what, bad] of Object.entries(cases)) {
    assert.throws(() => openClaimed(bad, signers), isRefused, what);
  }
  assert.throws(() => openClaimed(files, foreign), isRefused, "parts for another key");
});

test("owners list the page, or hand it to the release role, or say there is none", async () => {
  const release = { keys: keysOf("ci", "alice"), threshold: 1 };
  const statements: readonly ProjectStatement[] = [
    { kind: "page", page: { sha256, size: 12 } },
    { kind: "release", release },
    { kind: "nothing" },
  ];
  for (const statement of statements) {
    const file = await written(projectContent(demo, statement));
    const opened = openProjectRole(demo, file);
    assert.equal(opened.kind, statement.kind);
    assert.deepEqual(projectContent(demo, opened), projectContent(demo, statement));
  }
  const { delegations } = await written(projectContent(demo, { kind: "release", release }));
  const [role] = delegations?.roles ?? [];
  assert.equal(role?.name, "project-demo.release");
  assert.deepEqual([role.paths, role.terminating], [["simple/demo/index.json"], true]);
});

test("owners hand the page on to keys that can sign", () => {
  const handOn = (keys: readonly PublicKey[], threshold: number): TargetsContent =>
    projectContent(demo, { kind: "release", release: { keys, threshold } });
  handOn(keysOf("ci", "bob"), 2);
  assert.throws(() => handOn([], 1), isRefused);
  assert.throws(() => handOn(keysOf("ci"), 2), isRefused);
  assert.throws(() => handOn(keysOf("ci", "ci"), 1), isRefused);
});

test("owners and release keys speak for their page and to their release role alone", async () => {
  const page = { length: 1, hashes: new Map([["sha256", sha256]]) };
  const base = { ...nextMetadata(signing), specVersion, targets: new Map() };
  const release = { ...goodRole, name: "project-demo.release" };
  const pages = (...paths: readonly string[]): Targets => {
    return { ...base, targets: new Map(paths.map((path) => [path, page])) };
  };
  openProjectRole(demo, fileWith(release));
  openReleaseRole(demo, pages("simple/demo/index.json"));
  const bad: Readonly<Record<string, Targets>> = {
    "another project's page": pages("simple/other/index.json"),
    "its page and another": pages("simple/demo/index.json", "simple/other/index.json"),
    "a page without SHA-256": {
      ...base,
      targets: new Map([
        ["simple/demo/index.json", { length: 1, hashes: new Map([["md5", "00"]]) }],
      ]),
    },
    "a role named as a bin": fileWith({ ...release, name: "bin-0" }),
    "another project's role": fileWith({ ...release, name: "project-other.release" }),
    "its own role": fileWith({ ...release, name: "project-demo" }),
    "a release role for more": fileWith({ ...release, paths: ["simple/*/index.json"] }),
    "a release role that lets the search go on": fileWith({ ...release, terminating: false }),
    "a page beside the release role": {
      ...fileWith(release),
      targets: new Map([["simple/demo/index.json", page]]),
    },
  };
  for (const [what, file] of Object.entries(bad)) {
    assert.throws(() => openProjectRole(demo, file), isRefused, what);
    assert.throws(() => openReleaseRole(demo, file), isRefused, what);
  }
  assert.throws(() => openReleaseRole(demo, fileWith(release)), isRefused);
});
