/**
 * PEP 458, Table 4: keys are stolen, row by row. Each test says what the thief gets out of clients that he reaches, by
 * which bound it ends for those from whom he keeps the recovery, and that the recovery ends it for those who see it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Root } from "#formats/tuf/root.ts";
import type { Snapshot } from "#formats/tuf/snapshot.ts";
import { DAY, SECOND } from "#world/sim-clock.ts";
import { assertAll, assertDamage, assertRecovered } from "./damage.ts";
import { RobbedIndex } from "./robbed-index.ts";
import type { RobbedOptions } from "./robbed-index.ts";
import { createInstaller } from "./installers.ts";
import type { Installers } from "./installers.ts";
import { renewOffline, replaceKeys } from "./recovery.ts";
import type { KeyName } from "./recovery.ts";
import { mallory, Thief } from "./thief.ts";
import type { Edit } from "./thief.ts";

type Robbery = {
  readonly index: RobbedIndex;
  readonly clients: Installers;
  readonly thief: Thief;
};

/** Three clients of an honest index, and a thief who stands between it and two of them. */
async function rob(names: readonly KeyName[], options: RobbedOptions = {}): Promise<Robbery> {
  const index = await RobbedIndex.open(options);
  const clients = await index.installers();
  const thief = index.robbedOf(...names);
  thief.reaches(clients.saw, clients.fresh);
  return { index, clients, thief };
}

/** Whom the thief reached gets this, and who missed him that. */
const reached = (got: string, missed: string): Record<"saw" | "missed" | "fresh", string> => ({
  saw: got,
  missed,
  fresh: got,
});

/** A snapshot that takes one role one version back. */
function listingOlder(role: string): Edit<Snapshot> {
  return ({ meta, ...held }) => {
    const version = (meta.get(role)?.version ?? 0) - 1;
    return { ...held, meta: new Map([...meta, [role, { version }]]) };
  };
}

test("K1 timestamp: a freeze, and nothing else", async () => {
  const forged = await rob(["timestamp"]);
  await forged.thief.signsSnapshot();
  await assertDamage(
    forged.clients,
    "victim",
    reached("tuf.threshold", "1.0"),
    "a snapshot of his own",
  );

  const { clients, index, thief } = await rob(["timestamp"]);
  await thief.signsTimestamp();
  await index.publishes("victim", "2.0");
  await assertDamage(clients, "victim", reached("1.0", "2.0"), "frozen");
  await index.passes(7 * DAY - SECOND);
  await assertDamage(clients, "victim", reached("1.0", "2.0"), "while the snapshot lives");
  await index.passes(SECOND);
  await assertDamage(clients, "victim", reached("tuf.expired", "2.0"), "after that");
  await replaceKeys(index, ["timestamp"]);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "victim", "2.0");
});

test("K2 timestamp: an older snapshot, for those who know no newer one", async () => {
  const { clients, index, thief } = await rob(["timestamp"]);
  thief.leaves(clients.saw);
  await index.publishes("victim", "2.0");
  await assertDamage(clients, "victim", { saw: "2.0", missed: "2.0", fresh: "1.0" }, "no key yet");
  await thief.signsTimestamp((timestamp) => ({ ...timestamp, version: timestamp.version + 9 }));
  thief.reaches(clients.saw);
  const replayed = { saw: "tuf.rollback", missed: "2.0", fresh: "1.0" };
  await assertDamage(clients, "victim", replayed, "replayed");
  await index.passes(7 * DAY);
  const expired = { saw: "tuf.rollback", missed: "2.0", fresh: "tuf.expired" };
  await assertDamage(clients, "victim", expired, "after the old snapshot");
});

test("K3 snapshot: nothing", async () => {
  const { clients, index, thief } = await rob(["snapshot"]);
  await index.publishes("victim", "2.0");
  thief.copiesAgain();
  await thief.swapsSnapshot(listingOlder(index.binOf("victim")));
  await assertDamage(clients, "victim", reached("tuf.length", "2.0"), "another snapshot");
  await replaceKeys(index, ["snapshot"]);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "victim", "2.0");
});

test("K4 timestamp and snapshot: a freeze, for as long as the online targets roles live", async () => {
  const forged = await rob(["timestamp", "snapshot"]);
  const bin = forged.index.binOf("victim");
  await forged.thief.signsRoles({ [bin]: forged.thief.lists("victim") });
  await assertDamage(forged.clients, "victim", reached("tuf.threshold", "1.0"), "a bin of his own");

  const { clients, index, thief } = await rob(["timestamp", "snapshot"]);
  await thief.signsAll();
  await index.publishes("victim", "2.0");
  await index.passes(30 * DAY - SECOND);
  await assertDamage(clients, "victim", reached("1.0", "2.0"), "while they live");
  await index.passes(SECOND);
  await assertDamage(clients, "victim", reached("tuf.expired", "2.0"), "after that");
  await replaceKeys(index, ["timestamp", "snapshot"]);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "victim", "2.0");
});

test("K5 timestamp and snapshot: an old bin among new ones, for those who know no newer one", async () => {
  const { clients, index, thief } = await rob(["timestamp", "snapshot"]);
  thief.leaves(clients.saw);
  await index.publishes("victim", "2.0");
  await index.publishes("bystander", "2.0");
  await assertAll({ ...clients, fresh: clients.missed }, "victim", "2.0", "the honest state");
  thief.copiesAgain();
  await thief.signsSnapshot(listingOlder(index.binOf("victim")));
  thief.reaches(clients.saw);
  const mixed = { saw: "tuf.rollback", missed: "2.0", fresh: "1.0" };
  await assertDamage(clients, "victim", mixed, "an old bin");
  const others = { saw: "tuf.rollback", missed: "2.0", fresh: "2.0" };
  await assertDamage(clients, "bystander", others, "beside a new one");
});

const targetsSide = [
  "targets",
  "claimed",
  "recently-claimed",
  "unclaimed",
  "deny",
  "bins",
] as const;

for (const name of targetsSide) {
  test(`K6 ${name}: nothing`, async () => {
    const { clients, index, thief } = await rob([name]);
    const role = name === "bins" ? index.binOf("victim") : name;
    await index.publishes("victim", "2.0");
    thief.copiesAgain();
    await thief.swapsRole(role, thief.lists("victim"));
    const isLonger = ["claimed", "recently-claimed", "deny"].includes(name);
    const code = isLonger ? "tuf.length" : "tuf.hash";
    // What has not changed is not fetched again by who keeps it; the project's bin has.
    const swapped = { saw: name === "bins" ? code : "2.0", missed: "2.0", fresh: code };
    await assertDamage(clients, "victim", swapped, "another file under the listed version");
    await replaceKeys(index, [name]);
    thief.leaves(clients.saw, clients.fresh);
    await assertRecovered(clients, "victim", "2.0");
  });
}

test("K7 bins, where they are many: any page, until the timestamp ends", async () => {
  const { clients, index, thief } = await rob(["bins"], { binsBitLength: 9 });
  const swap = (): Promise<void> => thief.swapsRole(index.binOf("victim"), thief.lists("victim"));
  await swap();
  const first = { saw: "1.0", missed: "1.0", fresh: "malware" };
  await assertDamage(clients, "victim", first, "a bin that saw keeps");
  await index.publishes("victim", "2.0");
  thief.copiesAgain();
  await swap();
  await assertDamage(clients, "victim", reached("malware", "2.0"), "a bin that is new to all");
  await replaceKeys(index, ["bins"]);
  await index.passes(DAY - SECOND);
  await assertDamage(clients, "victim", reached("malware", "2.0"), "the new key withheld");
  await index.passes(SECOND);
  await assertDamage(clients, "victim", reached("tuf.expired", "2.0"), "after the timestamp");
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "victim", "2.0");
  await index.publishes("victim", "3.0");
  thief.copiesAgain();
  await swap();
  thief.reaches(clients.saw, clients.fresh);
  await assertDamage(clients, "victim", reached("tuf.threshold", "3.0"), "with the old key");
});

/** So that every bound is another day. */
const lifetimes = {
  timestamp: DAY,
  snapshot: 7 * DAY,
  bins: 30 * DAY,
  unclaimed: 40 * DAY,
  recentlyClaimed: 50 * DAY,
  deny: 60 * DAY,
  claimed: 100 * DAY,
  targets: 200 * DAY,
  root: 300 * DAY,
};

/** Stolen beside timestamp and snapshot, the first of them listing the page; and what ends it, where root is withheld. */
const planted = [
  ["K8", ["bins"], "unclaimed"],
  ["K9", ["unclaimed", "bins"], "recentlyClaimed"],
  ["K10", ["recently-claimed"], "deny"],
  ["K11", ["bins", "unclaimed", "recently-claimed", "deny"], "claimed"],
  ["K12", ["claimed", "deny"], "targets"],
  ["K13", ["targets"], "root"],
] as const;

for (const [id, names, bound] of planted) {
  const title = `${id} timestamp, snapshot, ${names.join(", ")}: any page, until ${bound} ends or root is seen`;
  test(title, async () => {
    const stolen: readonly KeyName[] = ["timestamp", "snapshot", ...names];
    const { clients, index, thief } = await rob(stolen, { lifetimes });
    const [first] = names;
    const role = first === "bins" ? index.binOf("victim") : first;
    const list = first === "targets" ? thief.listsAlone("victim") : thief.lists("victim");
    await thief.signsAll({ [role]: list });
    await assertDamage(clients, "victim", reached("malware", "1.0"), "at once");
    await replaceKeys(index, stolen);
    await index.passes(lifetimes[bound] - SECOND);
    const { saw, fresh } = clients;
    assert.equal(await saw.install("victim"), "malware", "the new root withheld");
    assert.equal(await fresh.install("victim"), "malware", "the new root withheld");
    await index.passes(SECOND);
    await renewOffline(index, "root", "targets", "claimed");
    await assertDamage(clients, "victim", reached("tuf.expired", "1.0"), "after that");
    thief.leaves(saw, fresh);
    await assertRecovered(clients, "victim", "1.0");
    await index.shipsNewestRoot();
    thief.reaches(saw, clients.missed, fresh);
    await assertAll(clients, "victim", "tuf.threshold", "the thief again");
  });
}

/** A root under which every top-level role is the thief's. */
const takesOver: Edit<Root> = (held) => {
  const taken = { keyIds: [mallory.key.keyId], threshold: 1 };
  return {
    ...held,
    keys: new Map([...held.keys, [mallory.key.keyId, mallory.key]]),
    roles: { root: taken, timestamp: taken, snapshot: taken, targets: taken },
  };
};

test("K14 root below its threshold: nothing", async () => {
  const root = { keys: 3, threshold: 2 };
  const { clients, index } = await rob([], { root });
  const thief = new Thief(index.world.tree, new Map([["root", index.keysOf("root").slice(0, 1)]]));
  await thief.signsRoot(takesOver);
  await thief.signsRoles({ targets: thief.listsAlone("victim") });
  thief.reaches(clients.saw, clients.fresh);
  const before = clients.saw.trusted();
  await assertDamage(clients, "victim", reached("tuf.threshold", "1.0"), "one key of two");
  assert.equal(clients.saw.trusted(), before);
  await replaceKeys(index, ["root"]);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "victim", "1.0");
});

test("K15 root at its threshold: everything, and no recovery but a new anchor", async () => {
  const root = { keys: 3, threshold: 2 };
  const { clients, index } = await rob([], { root });
  const thief = new Thief(index.world.tree, new Map([["root", index.keysOf("root").slice(0, 2)]]));
  await thief.signsRoot(takesOver);
  await thief.signsRoles({ targets: thief.listsAlone("victim") });
  thief.reaches(clients.saw, clients.fresh);
  await assertDamage(clients, "victim", reached("malware", "1.0"), "two keys of two");
  await replaceKeys(index, ["root", "timestamp", "snapshot", "targets"]);
  const { anchor } = index;
  await index.shipsNewestRoot();
  const shipped = { saw: "malware", missed: "1.0", fresh: "tuf.threshold" };
  await assertDamage(clients, "victim", shipped, "a new anchor");
  index.anchor = anchor;
  await index.passes(300 * DAY);
  await renewOffline(index, "root", "targets", "claimed");
  await assertDamage(clients, "victim", reached("malware", "1.0"), "and no time ends it");
  thief.reaches(clients.missed);
  const late = { saw: "malware", missed: "tuf.threshold", fresh: "malware" };
  await assertDamage(clients, "victim", late, "who has followed the new root");
  thief.leaves(clients.saw, clients.missed, clients.fresh);
  // Who has followed the thief's root refuses the index's own for ever.
  const recovered = { saw: "tuf.threshold", missed: "1.0", fresh: "1.0" };
  await assertDamage(clients, "victim", recovered, "the thief is gone");
  const anew = await createInstaller("saw, with an empty state folder", index);
  assert.equal(await anew.install("victim"), "1.0");
});

/** The largest version that can be written. */
const highest = Number.MAX_SAFE_INTEGER;

test("K16 timestamp and snapshot, driven to the highest version: until root replaces a key", async () => {
  for (const replaced of [["timestamp"], ["snapshot"], ["timestamp", "snapshot"]] as const) {
    const { clients, index, thief } = await rob(["timestamp", "snapshot"]);
    await thief.signsSnapshot(({ meta, ...held }) => ({
      ...held,
      version: highest,
      meta: new Map(Array.from(meta, ([role]) => [role, { version: highest }])),
    }));
    await thief.signsTimestamp((timestamp) => ({ ...timestamp, version: highest }));
    await assertDamage(
      clients,
      "victim",
      reached("tuf.missing", "1.0"),
      "roles that nobody signed",
    );
    thief.leaves(clients.saw, clients.fresh);
    await index.publishes("victim", "2.0");
    const driven = { saw: "tuf.rollback", missed: "2.0", fresh: "2.0" };
    await assertDamage(clients, "victim", driven, "who believed it believes nothing else");
    await index.passes(30 * DAY);
    await assertDamage(clients, "victim", driven, "and no time ends it");
    await replaceKeys(index, replaced);
    await assertRecovered(clients, "victim", "2.0");
    await index.publishes("victim", "3.0");
    thief.reaches(clients.saw, clients.missed);
    const again = { saw: "tuf.threshold", missed: "tuf.threshold", fresh: "3.0" };
    await assertDamage(clients, "victim", again, "the thief again");
  }
});

test("K17 timestamp, driven to the highest version: until root replaces its key", async () => {
  const { clients, index, thief } = await rob(["timestamp"]);
  await thief.signsTimestamp((timestamp) => ({ ...timestamp, version: highest }));
  await assertDamage(clients, "victim", reached("1.0", "1.0"), "the same snapshot");
  thief.leaves(clients.saw, clients.fresh);
  const driven = { saw: "tuf.rollback", missed: "1.0", fresh: "1.0" };
  await assertDamage(clients, "victim", driven, "who believed it believes nothing else");
  await replaceKeys(index, ["timestamp"]);
  await assertRecovered(clients, "victim", "1.0");
});

test("K18 nothing stolen, and nobody renews claimed: all installs end, after half a year of warning", async () => {
  const { clients, index } = await rob([]);
  const claimed = () => index.signer.status().roles.find(({ role }) => role === "claimed");
  await index.passes(365 * (DAY / 2) - SECOND);
  assert.equal(claimed()?.due, false);
  await index.passes(2 * SECOND);
  assert.equal(claimed()?.due, true, "due at half life");
  await renewOffline(index, "root", "targets");
  await index.passes(365 * (DAY / 2) - 2 * SECOND);
  const { missed } = clients;
  assert.equal(await missed.install("victim"), "1.0", "the last second");
  await index.passes(SECOND);
  assert.equal(claimed()?.expired, true);
  for (const project of ["victim", "bystander"]) {
    const outcome = await missed.install(project);
    assert.equal(outcome, "tuf.expired", `The attack succeeded: ${project} ${outcome} was served`);
  }
  await renewOffline(index, "claimed");
  assert.equal(await missed.install("victim"), "1.0");
});
