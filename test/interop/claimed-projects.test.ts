/**
 * Claimed projects as other implementations of TUF find them: the editor's delegations, the owners' and release roles,
 * and `claimed` split by hash prefixes. None of them may take a page that an online key signed for a claimed project.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { actor, SimTufRepository } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { ecdsaSignerFromPem, rsaSignerFromPem } from "#crypto/signer.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { hashedTargetPath } from "#formats/tuf/target-path.ts";
import type { TufJudgeName } from "#clients/tuf-sessions.ts";
import { Panel, unsigned, wrongBytes } from "./panel.ts";
import type { ExpectedPages, Judged } from "./panel.ts";

function pkcs8({ privateKey }: { readonly privateKey: KeyObject }): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

const ecdsa = ecdsaSignerFromPem(pkcs8(generateKeyPairSync("ec", { namedCurve: "P-256" })));
const rsa = rsaSignerFromPem(pkcs8(generateKeyPairSync("rsa", { modulusLength: 2048 })));

/** Every project that has a page, with the role that lists it. */
const speakers: Readonly<Record<string, string>> = {
  owned: "project-owned",
  shared: "project-shared",
  released: "project-released.release",
  recent: "project-recent",
  "recently-released": "project-recently-released.release",
};

const claimedOnly: readonly string[] = ["owned", "shared", "released", "empty"];

function contentOf(project: string): string {
  return `the page of ${project}`;
}

function hashOf(content: string): string {
  return sha256Hex(formatUtf8(content));
}

function binOf(project: string): string {
  return `bin-${sha256Hex(formatUtf8(`simple/${project}/index.json`)).slice(0, 1)}`;
}

async function claimedRepository(): Promise<SimTufRepository> {
  const repository = new SimTufRepository();
  repository.delegateLayout(4);
  repository.addPage(binOf("unowned"), "unowned", contentOf("unowned"));
  repository.claim(
    "claimed",
    { project: "owned", owners: [ecdsa] },
    { project: "shared", owners: [rsa, actor("alice"), actor("bob")], threshold: 2 },
    { project: "released", release: [ecdsa, actor("ci")] },
    { project: "empty" },
  );
  repository.claim(
    "recently-claimed",
    { project: "recent", owners: [rsa] },
    { project: "recently-released", release: [actor("ci")] },
  );
  for (const [project, role] of Object.entries(speakers)) {
    repository.addPage(role, project, contentOf(project));
  }
  await repository.publishAll();
  return repository;
}

const everything: ExpectedPages = Object.fromEntries(
  [...Object.keys(speakers), "unowned", "empty", "unheard-of"].map((project) => [
    project,
    project === "empty" || project === "unheard-of" ? undefined : hashOf(contentOf(project)),
  ]),
);

const malware = "malware";

/**
 * go-tuf 2.4.2 compares `path_hash_prefixes` with the base64 form of the hash and not with the hexadecimal one (its pull
 * request 783, merged after that version). So it looks past every part of a split `claimed` and takes what the bins list.
 * A go-tuf that finds the claims fails the tests below: then this is to be removed, here and in docs/spec/repository.md.
 */
const lookingPastParts = {
  "go-tuf": {
    ...everything,
    ...Object.fromEntries(claimedOnly.map((project) => [project, hashOf(malware)])),
  },
} satisfies Partial<Record<TufJudgeName, ExpectedPages>>;

async function publishParts(repository: SimTufRepository): Promise<void> {
  const parts = [...repository.targets.keys()].filter((name) => name.startsWith("claimed-"));
  await repository.publish(...parts, "claimed", "snapshot", "timestamp");
}

describe("claimed projects before other TUF clients", () => {
  let panel: Panel;
  let repository: SimTufRepository;
  let judged: Judged;

  before(async () => {
    panel = await Panel.open();
    repository = await claimedRepository();
    const first = repository.files.get("1.root.json") ?? new Uint8Array();
    const { files, targetFiles } = repository;
    judged = await panel.watch("claims", first, (path) =>
      path.startsWith("tuf/") ? files.get(path.slice(4)) : targetFiles.get(path.slice(8)),
    );
  });

  after(async () => {
    await panel?.close();
  });

  test("each finds what owners and release keys signed", async () => {
    await judged.find(everything);
  });

  test("each refuses a changed page of a claimed project", async () => {
    for (const project of ["owned", "released"]) {
      const page = `simple/${project}/index.json`;
      const path = `targets/${hashedTargetPath(page, hashOf(contentOf(project)))}`;
      await judged.whileLying(new Map([[path, formatUtf8("malware")]]), () =>
        judged.refuse(project, wrongBytes),
      );
    }
  });

  test("each refuses an owners' file that too few owners signed, and goes on when it is mended", async () => {
    for (const [project, signers] of Object.entries({
      owned: [actor("mallory")],
      shared: [actor("alice"), actor("mallory")],
    })) {
      const role = `project-${project}`;
      repository.signers.set(role, signers);
      await repository.publish(role, "snapshot", "timestamp");
      await judged.refuse(project, unsigned);
      repository.signers.delete(role);
      await repository.publish(role, "snapshot", "timestamp");
    }
    await judged.find(everything);
  });

  test("each follows owners who replace a stolen release key, and refuses what that key signs", async () => {
    const role = "project-released.release";
    repository.delegateRelease("released", [actor("new ci")]);
    repository.signers.set(role, [ecdsa]);
    await repository.publish("project-released", role, "snapshot", "timestamp");
    await judged.refuse("released", unsigned);
    repository.signers.delete(role);
    await repository.publish(role, "snapshot", "timestamp");
    await judged.find(everything);
  });

  test("each passes over what online keys sign for a claimed project", async () => {
    for (const project of [...Object.keys(speakers), "empty"]) {
      repository.addPage(binOf(project), project, malware);
    }
    const thief = { signers: [actor("mallory")], paths: ["simple/*/index.json"] };
    repository.delegate("recently-claimed", { name: "project-thief", terminating: true, ...thief });
    for (const project of claimedOnly) repository.addPage("project-thief", project, malware);
    const bins = [...repository.targets.keys()].filter((name) => name.startsWith("bin-"));
    const changed = ["recently-claimed", "project-thief", ...bins];
    await repository.publish(...changed, "snapshot", "timestamp");
    const named = Object.fromEntries(
      Object.entries(everything).filter(
        ([project]) => project !== "unowned" && project !== "unheard-of",
      ),
    );
    await judged.find(named);
    // The thief's claim of everything goes again, so that other projects are found.
    repository.claim("recently-claimed");
    await repository.publish("recently-claimed", "snapshot", "timestamp");
    await judged.find(everything);
  });

  for (const split of [1, 2] as const) {
    test(`each finds claimed projects in ${16 ** split} parts of claimed, and passes over online keys`, async () => {
      repository.splitClaimed(split);
      await publishParts(repository);
      await judged.find(everything, lookingPastParts);
    });
  }

  test("each refuses a part of claimed that is not signed with claimed's key", async () => {
    const parts = [...repository.targets.keys()].filter((name) => /^claimed-..$/.test(name));
    for (const part of parts) repository.signers.set(part, [actor("mallory")]);
    await publishParts(repository);
    for (const project of ["owned", "unowned"]) {
      await judged.refuse(project, unsigned, ["go-tuf"]);
    }
    for (const part of parts) repository.signers.delete(part);
    await publishParts(repository);
    await judged.find(everything, lookingPastParts);
  });

  test("each finds claimed projects when claimed is one file again", async () => {
    repository.splitClaimed(0);
    await publishParts(repository);
    await judged.find(everything);
  });

  test("each follows a claim that a ceremony moves, whose owners change, and that ends", async () => {
    const release = [actor("ci")];
    const owners = [actor("new owner")];
    const project = "recently-released";
    repository.claim("claimed", { project, release });
    await repository.publish("claimed", "snapshot", "timestamp");
    await judged.find(everything);
    repository.claim("recently-claimed", { project, owners: [actor("mallory")] });
    await repository.publish("recently-claimed", "snapshot", "timestamp");
    await judged.find(everything);
    repository.claim("claimed", { project, owners, release });
    await repository.publish("claimed", `project-${project}`, "snapshot", "timestamp");
    await judged.find(everything);
    repository.unclaim("recently-claimed", project);
    repository.unclaim("claimed", project);
    await repository.publish("claimed", "recently-claimed", "snapshot", "timestamp");
    // The index speaks for the page again, and the role stays listed.
    await judged.find({ ...everything, [project]: hashOf(malware) });
    assert.ok(repository.snapshot.meta.has(`project-${project}.release`));
  });

  test("go-tuf is the version whose hash prefixes are excused", async () => {
    const module = await readFile(join(import.meta.dirname, "go-tuf", "go.mod"), "utf8");
    assert.match(module, /go-tuf\/v2 v2\.4\.2\n/, "look again whether it needs the excuse");
  });
});
