/** Claimed projects as a client finds them (design 5 and 7): who may speak for their pages, and who may not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { actor, SimTufRepository } from "#world/tuf-repository.ts";
import { SimTufClient } from "#world/tuf-client.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { TrustError } from "#core/errors.ts";
import { claimedPartOf } from "./claimed-roles.ts";
import type { ClaimedSplit } from "./claimed-roles.ts";

type World = { readonly repository: SimTufRepository; readonly client: SimTufClient };

/** "unowned" is in its bin, and in a test "demo" and "other" are claimed. A client has seen version 1 of everything. */
async function claimedWorld(prepare: (repository: SimTufRepository) => void): Promise<World> {
  const repository = new SimTufRepository();
  repository.delegateLayout(2);
  addInBin(repository, "unowned", "unowned page");
  prepare(repository);
  await repository.publishAll();
  const client = new SimTufClient(repository);
  await client.init();
  await client.refresh();
  return { repository, client };
}

function pageOf(project: string): string {
  return `simple/${project}/index.json`;
}

/** Two bits: four bins. */
function binOf(project: string): string {
  const digit = Number.parseInt(sha256Hex(formatUtf8(pageOf(project))).slice(0, 1), 16);
  return `bin-${digit >> 2}`;
}

function addInBin(repository: SimTufRepository, project: string, content: string): void {
  repository.addPage(binOf(project), project, content);
}

/** The role that speaks for the page, or "absent"; the content is what that role lists. */
async function speaker({ client, repository }: World, project: string): Promise<string> {
  const found = await client.find(pageOf(project));
  if (found === "absent") return found;
  const listed = repository.targets.get(found.role.name)?.targets.get(pageOf(project));
  assert.deepEqual(found.target, listed);
  return found.role.name;
}

/** The lookup ends with this code because of this role, of which nothing new is kept. */
async function refusesPage(
  { client }: World,
  project: string,
  role: string,
  code: string,
): Promise<void> {
  const view = await client.refresh();
  const { [role]: before } = await client.trusted();
  await assert.rejects(client.updater.findTarget(view, pageOf(project)), (error) => {
    assert.ok(error instanceof TrustError);
    assert.equal(error.code, code);
    assert.match(error.message, new RegExp(`"${role}"`));
    return true;
  });
  const { [role]: after } = await client.trusted();
  assert.equal(after, before);
}

async function publishTargets(repository: SimTufRepository, ...roles: string[]): Promise<void> {
  await repository.publish(...roles, "snapshot", "timestamp");
}

for (const split of [0, 1, 2, 3] as const satisfies readonly ClaimedSplit[]) {
  test(`claimed, recently claimed and other projects are found with ${16 ** split} files of claims`, async () => {
    const names = ["demo", "other", "third", "a-fourth"];
    const world = await claimedWorld((repository) => {
      repository.splitClaimed(split);
      repository.claim("claimed", ...names.map((project) => ({ project })));
      repository.claim("claimed", { project: "released", release: [actor("ci")] });
      repository.claim("claimed", { project: "empty" });
      repository.claim("recently-claimed", { project: "recent", release: [actor("ci")] });
      for (const name of names) repository.addPage(`project-${name}`, name, `page of ${name}`);
      repository.addPage("project-released.release", "released", "released page");
      repository.addPage("project-recent.release", "recent", "recent page");
    });
    for (const name of names) assert.equal(await speaker(world, name), `project-${name}`);
    assert.equal(await speaker(world, "released"), "project-released.release");
    assert.equal(await speaker(world, "recent"), "project-recent.release");
    assert.equal(await speaker(world, "unowned"), binOf("unowned"));
    assert.equal(await speaker(world, "empty"), "absent");
    assert.equal(await speaker(world, "unheard-of"), "absent");
  });
}

test("a lookup asks for one part of claimed and no other", async () => {
  const { client, repository } = await claimedWorld((draft) => {
    draft.splitClaimed(2);
    draft.claim("claimed", { project: "demo" }, { project: "other" });
    draft.addPage("project-demo", "demo", "the page");
  });
  const view = await client.refresh();
  repository.requests.length = 0;
  await client.updater.findTarget(view, pageOf("demo"));
  const part = claimedPartOf(normaliseProjectName("demo"), 2);
  assert.deepEqual(repository.requests, [
    "1.claimed.json",
    `1.${part}.json`,
    "1.project-demo.json",
  ]);
});

test("no online key speaks for a claimed project's page, not even where its owners list none", async () => {
  for (const split of [0, 1] as const) {
    const world = await claimedWorld((repository) => {
      repository.splitClaimed(split);
      repository.claim("claimed", { project: "demo" }, { project: "empty" });
      repository.claim("recently-claimed", { project: "recent" });
      repository.addPage("project-demo", "demo", "the owners' page");
    });
    const { repository } = world;
    const mallory = { owners: [actor("mallory")] };
    for (const project of ["demo", "empty", "recent"]) addInBin(repository, project, "malware");
    repository.addPage("unclaimed", "recent", "malware");
    for (const name of ["demo", "empty"]) {
      repository.addPage("recently-claimed", name, "malware");
    }
    repository.addPage("deny", "demo", "malware");
    // The owners' own files stay what they were: only the thief's delegation names mallory.
    repository.delegate("recently-claimed", {
      name: "project-shadow",
      signers: mallory.owners,
      paths: ["simple/*/index.json"],
      terminating: true,
    });
    repository.addPage("project-shadow", "empty", "malware");
    const bins = ["bin-0", "bin-1", "bin-2", "bin-3"];
    await publishTargets(
      repository,
      ...bins,
      "unclaimed",
      "project-shadow",
      "deny",
      "recently-claimed",
    );
    assert.equal(await speaker(world, "demo"), "project-demo");
    assert.equal(await speaker(world, "empty"), "absent");
    assert.equal(await speaker(world, "recent"), "absent");
  }
});

test("without a terminating delegation the attack above would succeed", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("claimed", { project: "empty" });
    const roles = repository.targets.get("claimed")?.roles ?? [];
    for (const [at, role] of roles.entries()) roles[at] = { ...role, terminating: false };
    addInBin(repository, "empty", "malware");
  });
  assert.equal(await speaker(world, "empty"), binOf("empty"));
});

test("a role of one name under two delegators is verified for each of them", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("recently-claimed", { project: "demo", owners: [actor("mallory")] });
    repository.addPage("project-demo", "demo", "malware");
  });
  const { repository } = world;
  assert.equal(await speaker(world, "demo"), "project-demo", "the client has verified it once");
  repository.claim("claimed", { project: "demo", owners: [actor("alice")] });
  // The file is still mallory's, as recently-claimed says.
  repository.signers.set("project-demo", [actor("mallory")]);
  await publishTargets(repository, "claimed");
  await refusesPage(world, "demo", "project-demo", "tuf.threshold");
  world.client.restart();
  await refusesPage(world, "demo", "project-demo", "tuf.threshold");
  repository.signers.delete("project-demo");
  repository.addPage("project-demo", "demo", "the owners' page");
  await publishTargets(repository, "project-demo");
  assert.equal(await speaker(world, "demo"), "project-demo");
});

test("a project's role that is named as another role spoils its own page alone", async () => {
  const world = await claimedWorld((repository) => {
    for (const project of ["demo", "other"]) {
      repository.claim("claimed", { project });
      repository.addPage(`project-${project}`, project, `page of ${project}`);
    }
  });
  const { repository } = world;
  const bin = binOf("unowned");
  for (const name of ["project-other", bin, "recently-claimed"]) {
    repository.targets.get("project-demo")?.targets.clear();
    repository.targets.get("project-demo")?.roles.splice(0);
    const signers = [actor("demo's other key")];
    repository.delegate("project-demo", { name, signers, paths: [pageOf("demo")] });
    repository.delegates.set("project-other", [actor("project-other")]);
    repository.delegates.set(bin, [actor("bin")]);
    repository.delegates.set("recently-claimed", [actor("recently-claimed")]);
    await publishTargets(repository, "project-demo");
    await refusesPage(world, "demo", name, "tuf.threshold");
    assert.equal(await speaker(world, "other"), "project-other");
    assert.equal(await speaker(world, "unowned"), bin);
  }
});

test("a part of claimed that claims outside its prefix is not asked", async () => {
  const own = claimedPartOf(normaliseProjectName("unowned"), 1);
  const other = own === "claimed-0" ? "claimed-1" : "claimed-0";
  const claim = {
    name: "project-unowned",
    signers: [actor("mallory")],
    paths: [pageOf("unowned")],
    terminating: true,
  };
  const inWrongPart = await claimedWorld((repository) => {
    repository.splitClaimed(1);
    repository.delegate(other, claim);
    repository.addPage("project-unowned", "unowned", "malware");
  });
  assert.equal(await speaker(inWrongPart, "unowned"), binOf("unowned"));
  const inItsPart = await claimedWorld((repository) => {
    repository.splitClaimed(1);
    repository.delegate(own, claim);
    repository.addPage("project-unowned", "unowned", "a claim");
  });
  assert.equal(await speaker(inItsPart, "unowned"), "project-unowned");
});

test("a project's role lives ten years, and an expired one is missed by its own page alone", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("claimed", { project: "demo" }, { project: "other", release: [actor("ci")] });
    repository.addPage("project-demo", "demo", "the page");
    repository.addPage("project-other.release", "other", "the other page");
    repository.draft("project-demo").expires = "2036-01-01T00:00:00Z";
    const others = ["root", "timestamp", "snapshot", "targets", "deny", "claimed", "unclaimed"];
    const bins = ["bin-0", "bin-1", "bin-2", "bin-3", "recently-claimed"];
    for (const role of [...others, ...bins])
      repository.draft(role).expires = "2050-01-01T00:00:00Z";
    repository.draft("project-other").expires = "2036-01-01T00:00:01Z";
    repository.draft("project-other.release").expires = "2036-01-01T00:00:01Z";
  });
  const { clock } = world.client;
  clock.set(new Date("2035-12-31T23:59:59Z"));
  assert.equal(await speaker(world, "demo"), "project-demo");
  clock.advance(1000);
  await refusesPage(world, "demo", "project-demo", "tuf.expired");
  assert.equal(await speaker(world, "other"), "project-other.release");
  assert.equal(await speaker(world, "unowned"), binOf("unowned"));
  clock.advance(1000);
  await refusesPage(world, "other", "project-other", "tuf.expired");
});

test("owners replace a stolen release key by their own file, and no other role changes", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("claimed", { project: "demo", release: [actor("ci")] });
    repository.addPage("project-demo.release", "demo", "the page");
  });
  const { repository } = world;
  assert.equal(await speaker(world, "demo"), "project-demo.release");
  repository.delegateRelease("demo", [actor("new ci")]);
  repository.signers.set("project-demo.release", [actor("ci")]);
  repository.addPage("project-demo.release", "demo", "malware");
  await publishTargets(repository, "project-demo", "project-demo.release");
  await refusesPage(world, "demo", "project-demo.release", "tuf.threshold");
  repository.signers.delete("project-demo.release");
  repository.addPage("project-demo.release", "demo", "the page again");
  await publishTargets(repository, "project-demo.release");
  assert.equal(await speaker(world, "demo"), "project-demo.release");
  assert.equal(repository.targets.get("claimed")?.version, 1);
});

test("with a threshold of two, one owner alone publishes nothing", async () => {
  const owners = [actor("alice"), actor("bob")];
  const world = await claimedWorld((repository) => {
    repository.claim("claimed", { project: "demo", owners, threshold: 2 });
    repository.addPage("project-demo", "demo", "the page");
  });
  assert.equal(await speaker(world, "demo"), "project-demo");
  world.repository.signers.set("project-demo", [actor("alice"), actor("mallory")]);
  world.repository.addPage("project-demo", "demo", "malware");
  await publishTargets(world.repository, "project-demo");
  await refusesPage(world, "demo", "project-demo", "tuf.threshold");
});

test("what was claimed stays listed, and is claimed again from the version it had", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("claimed", { project: "demo" });
    repository.addPage("project-demo", "demo", "the page");
    addInBin(repository, "demo", "the index's page");
  });
  const { client, repository } = world;
  const listedAt = (): number | undefined => repository.snapshot.meta.get("project-demo")?.version;
  assert.equal(await speaker(world, "demo"), "project-demo");
  repository.unclaim("claimed", "demo");
  await publishTargets(repository, "claimed");
  assert.equal(await speaker(world, "demo"), binOf("demo"));
  assert.equal(listedAt(), 1);

  repository.snapshot.meta.delete("project-demo");
  await publishTargets(repository);
  await client.refuses("tuf.rollback", { timestamp: repository.timestamp.version });

  repository.claim("recently-claimed", { project: "demo", owners: [actor("bob")] });
  repository.addPage("project-demo", "demo", "bob's page");
  await publishTargets(repository, "project-demo", "recently-claimed");
  assert.equal(listedAt(), 2);
  assert.equal(await speaker(world, "demo"), "project-demo");
  const found = await client.find(pageOf("demo"));
  assert.ok(found !== "absent");
  assert.equal(sha256Hex(formatUtf8("bob's page")), found.target.hashes.get("sha256"));

  repository.draft("project-demo").version = 0;
  await publishTargets(repository, "project-demo");
  await client.refuses("tuf.rollback", { timestamp: repository.timestamp.version });
});

test("a project goes from recently-claimed to claimed with the same file, and from one split to the next", async () => {
  const world = await claimedWorld((repository) => {
    repository.claim("recently-claimed", { project: "demo" });
    repository.addPage("project-demo", "demo", "the page");
  });
  const { repository } = world;
  const key = tufKeyOf(actor("project-demo").publicKey);
  for (const split of [0, 1, 2, 1] as const) {
    repository.splitClaimed(split);
    repository.claim("claimed", { project: "demo" });
    const parts = [...repository.targets.keys()].filter((name) => name.startsWith("claimed-"));
    await publishTargets(repository, ...parts, "claimed");
    assert.equal(await speaker(world, "demo"), "project-demo");
    const holder = repository.targets.get(claimedPartOf(normaliseProjectName("demo"), split));
    assert.ok(holder?.keys.has(key.keyId));
  }
  repository.unclaim("recently-claimed", "demo");
  await publishTargets(repository, "recently-claimed");
  assert.equal(await speaker(world, "demo"), "project-demo");
  assert.equal(repository.targets.get("project-demo")?.version, 1);
});
