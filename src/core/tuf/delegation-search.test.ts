/** Which roles a lookup visits, in which order, and what ends it (specification 5.6.7, TAP 15). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, SimTufClient } from "#world/tuf-client.ts";
import { actor, SimTufRepository } from "#world/tuf-repository.ts";
import type { SimDelegation } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { UnavailableError } from "#core/errors.ts";

type Edge = readonly [delegator: string, delegation: SimDelegation];
type World = { readonly repository: SimTufRepository; readonly client: SimTufClient };

async function world(
  edges: readonly Edge[],
  prepare?: (repository: SimTufRepository) => void,
): Promise<World> {
  const repository = new SimTufRepository();
  for (const [delegator, delegation] of edges) repository.delegate(delegator, delegation);
  prepare?.(repository);
  await repository.publishAll();
  const client = new SimTufClient(repository);
  await client.init();
  await client.refresh();
  repository.requests.length = 0;
  return { repository, client };
}

/** The delegated roles asked for, in order. */
function visited({ requests }: SimTufRepository): readonly string[] {
  return requests
    .filter((file) => !/root|timestamp|snapshot|targets/.test(file))
    .map((file) => file.replace(/^\d+\./, "").replace(/\.json$/, ""));
}

const edge = (delegator: string, name: string, more: Partial<SimDelegation> = {}): Edge => [
  delegator,
  { name, ...more },
];

const graphs: readonly { name: string; edges: readonly Edge[]; order: readonly string[] }[] = [
  { name: "one role", edges: [edge("targets", "A")], order: ["A"] },
  {
    name: "in the order of the list",
    edges: [edge("targets", "B"), edge("targets", "A")],
    order: ["B", "A"],
  },
  {
    name: "in the order of the list, also for names that are numbers",
    edges: [
      edge("targets", "10"),
      edge("targets", "9"),
      edge("targets", "1"),
      edge("targets", "-1"),
    ],
    order: ["10", "9", "1", "-1"],
  },
  {
    name: "depth first",
    edges: [
      edge("targets", "A"),
      edge("targets", "B"),
      edge("A", "C"),
      edge("A", "D"),
      edge("C", "E"),
    ],
    order: ["A", "C", "E", "D", "B"],
  },
  {
    name: "nothing behind a terminating delegation",
    edges: [
      edge("targets", "A"),
      edge("targets", "B"),
      edge("A", "C", { terminating: true }),
      edge("A", "D"),
    ],
    order: ["A", "C"],
  },
  {
    name: "but what the terminating role delegates to",
    edges: [
      edge("targets", "A"),
      edge("targets", "B"),
      edge("A", "C", { terminating: true }),
      edge("C", "D"),
    ],
    order: ["A", "C", "D"],
  },
  {
    name: "a terminating delegation for other paths ends nothing",
    edges: [edge("targets", "A", { terminating: true, paths: ["other/*"] }), edge("targets", "B")],
    order: ["B"],
  },
  {
    name: "roles before a terminating one are still visited",
    edges: [
      edge("targets", "A"),
      edge("targets", "B", { terminating: true }),
      edge("targets", "C"),
      edge("A", "D"),
    ],
    order: ["A", "D", "B"],
  },
  {
    name: "only where paths match",
    edges: [edge("targets", "A", { paths: ["*.py"] }), edge("targets", "B"), edge("A", "C")],
    order: ["B"],
  },
  {
    name: "cycles end",
    edges: [
      edge("targets", "A"),
      edge("targets", "B"),
      edge("B", "C"),
      edge("C", "D"),
      edge("D", "B"),
    ],
    order: ["A", "B", "C", "D"],
  },
  {
    name: "a role that delegates to itself",
    edges: [edge("targets", "A"), edge("A", "A")],
    order: ["A"],
  },
  {
    name: "a role that two others share is fetched once",
    edges: [edge("targets", "A"), edge("targets", "B"), edge("B", "C"), edge("A", "C")],
    order: ["A", "C", "B"],
  },
];

describe("findTarget() visits roles in preorder", () => {
  for (const { name, edges, order } of graphs) {
    test(name, async () => {
      const { client, repository } = await world(edges);
      assert.equal(await client.find("missing"), "absent");
      assert.deepEqual(visited(repository), order);
      await client.find("missing");
      assert.deepEqual(visited(repository), [], "nothing is asked for twice");
      client.restart();
      await client.find("missing");
      assert.deepEqual(visited(repository), [], "nor after a new start");
    });
  }
});

describe("findTarget() finds a target where all delegations on the way cover its path", () => {
  const edges: readonly Edge[] = [
    edge("targets", "A", { paths: ["*.doc", "*.md", "foo-?.tgz"] }),
    edge("targets", "B", { paths: ["releases/*/*"] }),
    edge("B", "C", { paths: ["releases/x/*"] }),
    edge("B", "D", { paths: ["releases/y/*.zip"] }),
  ];
  const listed: readonly [string, string][] = [
    ["targets", "targetfile"],
    ["A", "README.md"],
    ["A", "releases/README.md"],
    ["A", "foo-1.tgz"],
    ["A", "foo-alpha.tgz"],
    ["C", "releases/x/x_v1"],
    ["D", "releases/y/y_v1.zip"],
    ["D", "releases/z/z_v1.zip"],
  ];
  const cases: readonly [path: string, role: string | undefined, order: readonly string[]][] = [
    ["targetfile", "targets", []],
    ["README.md", "A", ["A"]],
    ["releases/x/x_v1", "C", ["B", "C"]],
    ["releases/y/y_v1.zip", "D", ["B", "D"]],
    ["releases/z/z_v1.zip", undefined, ["B"]],
    ["releases/README.md", undefined, []],
    ["foo-1.tgz", "A", ["A"]],
    ["foo-alpha.tgz", undefined, []],
    ["README.MD", undefined, []],
  ];
  for (const [path, role, order] of cases) {
    test(`${path}: ${role ?? "absent"}`, async () => {
      const { client, repository } = await world(edges, (sim) => {
        for (const [name, target] of listed) sim.addTarget(name, target, `${target} of ${name}`);
      });
      const found = await client.find(path);
      assert.equal(found === "absent" ? undefined : found.role.name, role);
      assert.deepEqual(visited(repository), order);
    });
  }
});

test("the first role that lists a target wins", async () => {
  const { client } = await world([edge("targets", "A"), edge("targets", "B")], (sim) => {
    sim.addTarget("B", "x", "of B");
    sim.addTarget("A", "x", "longer, of A");
  });
  const found = await client.find("x");
  assert.equal(found !== "absent" && found.role.name, "A");
});

test("names that mean something to JavaScript are names like any other", async () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const { client, repository } = await world(
    names.map((name) => edge("targets", name)),
    (sim) => {
      for (const name of names) sim.addTarget(name, `of ${name}`, name);
      sim.addTarget("toString", "__proto__", "listed");
    },
  );
  for (const name of names) {
    const found = await client.find(`of ${name}`);
    assert.equal(found !== "absent" && found.role.name, name);
  }
  const proto = await client.find("__proto__");
  assert.equal(proto !== "absent" && proto.role.name, "toString");
  for (const path of ["constructor", "valueOf"]) assert.equal(await client.find(path), "absent");
  await repository.publish("__proto__", "snapshot", "timestamp");
  assert.ok((await client.find("of __proto__")) !== "absent");
  assert.equal((await client.trusted())["snapshot"], 2);
});

test("path_hash_prefixes are compared with SHA-256 of the path", async () => {
  const path = "simple/demo/index.json";
  const digest = sha256Hex(Buffer.from(path));
  const other = digest.startsWith("0") || digest.at(5) === "0" ? "1" : "0";
  const { client, repository } = await world(
    [
      edge("targets", "A", {
        pathHashPrefixes: [other, `${digest.slice(0, 5)}${other}`],
      }),
      edge("targets", "B", { pathHashPrefixes: [other, digest.slice(0, 3)] }),
    ],
    (sim) => sim.addTarget("B", path, "page"),
  );
  const found = await client.find(path);
  assert.equal(found !== "absent" && found.role.name, "B");
  assert.deepEqual(visited(repository), ["B"]);
});

test("succinct bins: one bin is asked for, and nothing behind it", async () => {
  const path = "simple/demo/index.json";
  const bin = `bin-${sha256Hex(Buffer.from(path)).slice(0, 2)}`;
  const { client, repository } = await world(
    [
      edge("targets", "U", { paths: ["simple/*/*"] }),
      edge("targets", "Z", { paths: ["simple/*/*"] }),
    ],
    (sim) => {
      sim.delegateBins("U", "bin", 8, [bin]);
      sim.addTarget(bin, path, "page");
      sim.addTarget("Z", "simple/shadow/index.json", "shadow");
    },
  );
  const found = await client.find(path);
  assert.equal(found !== "absent" && found.role.name, bin);
  assert.deepEqual(visited(repository), ["U", bin]);
  // Its bin does not exist: nothing may be said of it, least of all by the role behind.
  await assert.rejects(client.find("simple/shadow/index.json"), { code: "tuf.missing" });
  assert.deepEqual(visited(repository), []);
});

test("succinct bins: what a bin does not list is absent, whoever stands behind", async () => {
  const path = "simple/demo/index.json";
  const bin = `bin-${sha256Hex(Buffer.from(path)).slice(0, 2)}`;
  const { client, repository } = await world(
    ["U", "Z"].map((name) => edge("targets", name, { paths: ["simple/*/*"] })),
    (sim) => {
      sim.delegateBins("U", "bin", 8, [bin]);
      sim.addTarget("Z", path, "shadow");
    },
  );
  assert.equal(await client.find(path), "absent");
  assert.deepEqual(visited(repository), ["U", bin]);
});

test("more roles than the limit end the search with an error, not with an answer", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `r${index}`);
  const edges = names.map((name) => edge("targets", name));
  const { client } = await world(edges, (sim) => {
    sim.addTarget("r31", "in the last one allowed", "x");
    sim.addTarget("r32", "in the first one too many", "x");
  });
  const found = await client.find("in the last one allowed");
  assert.equal(found !== "absent" && found.role.name, "r31");
  await assert.rejects(client.find("in the first one too many"), { code: "tuf.delegations" });
});

describe("a role that cannot be had or believed ends the search", () => {
  const edges: readonly Edge[] = [edge("targets", "A"), edge("targets", "B")];
  const attacks: readonly [
    name: string,
    code: string,
    attack: (sim: SimTufRepository) => Promise<void>,
  ][] = [
    ["it is not there", "tuf.missing", async (sim) => void sim.files.delete("2.A.json")],
    [
      "the index is down",
      "network.status",
      async (sim) => void sim.answers.set("2.A.json", answer(undefined, 500)),
    ],
    [
      "nobody answers",
      "network.connect",
      async (sim) =>
        void sim.answers.set("2.A.json", new UnavailableError("network.connect", "no")),
    ],
    [
      "it redirects",
      "network.redirect",
      async (sim) => void sim.answers.set("2.A.json", answer(undefined, 301)),
    ],
    [
      "it is older than listed",
      "tuf.version",
      async (sim) => void sim.answers.set("2.A.json", answer(sim.files.get("1.A.json"))),
    ],
    [
      "it is another role",
      "tuf.threshold",
      async (sim) => void sim.answers.set("2.A.json", answer(sim.files.get("1.B.json"))),
    ],
    [
      "it is endless",
      "tuf.length",
      async (sim) => void sim.answers.set("2.A.json", answer(new Uint8Array(5_000_001))),
    ],
    [
      "it is no JSON",
      "json.syntax",
      async (sim) => void sim.answers.set("2.A.json", answer(Buffer.from("{"))),
    ],
    [
      "a stranger signed it",
      "tuf.threshold",
      async (sim) => {
        sim.signers.set("A", [actor("mallory")]);
        await sim.write("A");
      },
    ],
    [
      "it has expired",
      "tuf.expired",
      async (sim) => {
        sim.draft("A").expires = "2025-01-01T00:00:00Z";
        await sim.write("A");
      },
    ],
  ];
  for (const [name, code, attack] of attacks) {
    test(`${name}: ${code}`, async () => {
      const { client, repository } = await world(edges, (sim) => {
        sim.addTarget("B", "x", "content");
      });
      assert.ok((await client.find("x")) !== "absent");
      await repository.publish("A", "snapshot", "timestamp");
      await attack(repository);
      const kept = client.store.roles.get("A");
      await assert.rejects(client.find("x"), { code });
      assert.deepEqual(client.store.roles.get("A"), kept);
      repository.answers.clear();
      repository.signers.clear();
      repository.draft("A").expires = "2030-01-01T00:00:00Z";
      await repository.write("A");
      assert.ok((await client.find("x")) !== "absent", "an honest file ends the refusal");
    });
  }
});

test("where hashes are listed, another file of the same version is refused", async () => {
  const { client, repository } = await world([edge("targets", "A")], (sim) => {
    sim.listsHashes = true;
    sim.addTarget("A", "x", "content");
  });
  const file = "1.A.json";
  const bytes = repository.files.get(file) ?? new Uint8Array();
  repository.answers.set(file, answer(Buffer.concat([bytes, Buffer.from("\n")])));
  await assert.rejects(client.find("x"), { code: "tuf.length" });
  repository.addTarget("A", "x", "CONTENT");
  repository.answers.set(file, answer(await repository.sign("A")));
  await assert.rejects(client.find("x"), { code: "tuf.hash" });
});

test("a role that is not in snapshot is not even asked for", async () => {
  const { client, repository } = await world([edge("targets", "A")], (sim) => {
    sim.addTarget("A", "x", "content");
    sim.bends.set("snapshot", (tree) => {
      const meta = tree.get("meta");
      return new Map(tree).set(
        "meta",
        new Map(meta instanceof Map ? [...meta].filter(([name]) => name !== "A.json") : []),
      );
    });
  });
  await assert.rejects(client.find("x"), { code: "tuf.missing" });
  assert.deepEqual(visited(repository), []);
});

test("a role verified for one delegator does not speak for another", async () => {
  const edges: readonly Edge[] = [
    edge("targets", "parent-a", { paths: ["team-a/*"] }),
    edge("targets", "parent-b", { paths: ["team-b/*"] }),
    edge("parent-a", "release", { paths: ["team-a/*"], signers: [actor("a's release")] }),
    edge("parent-b", "release", { paths: ["team-b/*"], signers: [actor("b's release")] }),
  ];
  const { client, repository } = await world(edges, (sim) => {
    sim.addTarget("release", "team-a/x", "trusted");
    sim.addTarget("release", "team-b/x", "malicious");
    sim.signers.set("release", [actor("a's release")]);
  });
  const view = await client.refresh();
  assert.ok((await client.updater.findTarget(view, "team-a/x")) !== "absent");
  await assert.rejects(client.updater.findTarget(view, "team-b/x"), { code: "tuf.threshold" });
  assert.ok((await client.updater.findTarget(view, "team-a/x")) !== "absent");
  assert.deepEqual(repository.requests.slice(-2), ["1.parent-b.json", "1.release.json"]);
});

test("a role that two delegators share is verified for both", async () => {
  const edges: readonly Edge[] = [
    edge("targets", "A"),
    edge("targets", "B"),
    edge("A", "C", { signers: [actor("a's C")] }),
    edge("B", "C", { signers: [actor("b's C")] }),
  ];
  const { client, repository } = await world(edges, (sim) => {
    sim.signers.set("C", [actor("a's C")]);
  });
  await assert.rejects(client.find("x"), { code: "tuf.threshold" });
  repository.signers.clear();
  await repository.publish("C", "snapshot", "timestamp");
  assert.equal(await client.find("x"), "absent");
});

test("a role whose delegator raised its threshold is not believed for what it was", async () => {
  const signers = [actor("A"), actor("A 2")];
  const { client, repository } = await world([edge("targets", "A", { signers })], (sim) => {
    sim.signers.set("A", [actor("A")]);
    sim.addTarget("A", "x", "content");
  });
  assert.ok((await client.find("x")) !== "absent");
  repository.targets.get("targets")?.roles.splice(0);
  repository.delegate("targets", { name: "A", signers, threshold: 2 });
  await repository.publish("targets", "snapshot", "timestamp");
  await assert.rejects(client.find("x"), { code: "tuf.threshold" });
});

test("a role whose delegator replaced its keys is not believed for what it was", async () => {
  const { client, repository } = await world([edge("targets", "A")], (sim) => {
    sim.addTarget("A", "x", "content");
  });
  assert.ok((await client.find("x")) !== "absent");
  const draft = repository.targets.get("targets");
  assert.ok(draft);
  draft.roles.length = 0;
  repository.delegate("targets", { name: "A", signers: [actor("new A")] });
  await repository.publish("targets", "snapshot", "timestamp");
  repository.files.set("1.A.json", client.store.roles.get("A") ?? new Uint8Array());
  await assert.rejects(client.find("x"), { code: "tuf.threshold" });
});

test("lookups at the same time share requests, and an old view still works beside a new one", async () => {
  const { client, repository } = await world([edge("targets", "A"), edge("A", "B")], (sim) => {
    sim.addTarget("B", "x", "content");
  });
  const view = await client.refresh();
  const found = await Promise.all(
    Array.from({ length: 20 }, () => client.updater.findTarget(view, "x")),
  );
  assert.ok(found.every((one) => one !== "absent"));
  assert.deepEqual(visited(repository), ["A", "B"]);
  repository.addTarget("B", "x", "other content");
  await repository.publish("B", "snapshot", "timestamp");
  const next = await client.find("x");
  const before = await client.updater.findTarget(view, "x");
  assert.ok(next !== "absent" && before !== "absent");
  assert.equal(next.target.length, 13);
  assert.equal(before.target.length, 7);
});

test("verified roles that are not used are forgotten, not fetched again", async () => {
  const { repository } = await world(
    ["A", "B", "C"].map((name) => edge("targets", name, { paths: [`${name}/*`] })),
  );
  const client = new SimTufClient(repository, { rolesKeptMax: 2 });
  await client.init();
  for (const path of ["A/x", "B/x", "C/x", "A/x"]) await client.find(path);
  assert.deepEqual(visited(repository), []);
});
