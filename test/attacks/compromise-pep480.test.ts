/**
 * PEP 480, Table 1: what claims keep when keys are stolen, row by row. "precious" is claimed, "recent" was claimed lately
 * and stands in the role that is signed online, "victim" is nobody's. As in PEP 458's rows, each test says what the thief
 * gets, by which bound it ends for whom he keeps the recovery from, and that the recovery ends it for the others.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import { DAY, SECOND } from "#world/sim-clock.ts";
import { ClaimingIndex } from "./claiming-index.ts";
import type { SimClaim } from "./claiming-index.ts";
import { assertDamage, assertRecovered } from "./damage.ts";
import type { Damage } from "./damage.ts";
import type { Installers } from "./installers.ts";
import { raiseFloor, renewOffline, replaceKeys } from "./recovery.ts";
import type { KeyName } from "./recovery.ts";
import type { Thief } from "./thief.ts";

/** So that every bound is another day. */
const lifetimes = {
  bins: 30 * DAY,
  unclaimed: 40 * DAY,
  recentlyClaimed: 50 * DAY,
  deny: 60 * DAY,
  claimed: 100 * DAY,
  targets: 200 * DAY,
  root: 300 * DAY,
};

type Robbery = {
  readonly index: ClaimingIndex;
  readonly clients: Installers;
  readonly thief: Thief;
};

/** Three clients of an honest index, and a thief who stands between it and two of them. */
async function rob(names: readonly string[], precious: SimClaim = {}): Promise<Robbery> {
  const index = await ClaimingIndex.open(precious, lifetimes);
  const clients = await index.installers();
  const thief = index.robbedOf(...names);
  thief.reaches(clients.saw, clients.fresh);
  return { index, clients, thief };
}

/** Whom the thief reached gets this, and who missed him the honest version. */
const reached = (got: string, missed = "1.0"): Damage => ({ saw: got, missed, fresh: got });

async function assertAllRecovered({ clients, index, thief }: Robbery): Promise<void> {
  thief.leaves(clients.saw, clients.fresh);
  for (const project of ["victim", "recent", "precious"]) {
    await assertRecovered(clients, project, "1.0");
  }
  await index.shipsNewestRoot();
}

const unclaimedKeys: readonly KeyName[] = ["timestamp", "snapshot", "unclaimed", "bins"];

test("C1 timestamp, snapshot, unclaimed, bins: unclaimed pages; claimed ones hold", async () => {
  const robbery = await rob(unclaimedKeys);
  const { clients, index, thief } = robbery;
  const pages = ["victim", "recent", "precious"];
  await thief.signsAll({
    unclaimed: thief.lists(...pages),
    "bin-0": thief.lists(...pages),
    "bin-1": thief.lists(...pages),
  });
  await assertDamage(clients, "recent", reached("1.0"), "a recently claimed project");
  await assertDamage(clients, "precious", reached("1.0"), "a claimed project");
  await assertDamage(clients, "victim", reached("malware"), "an unclaimed project");
  await replaceKeys(index, unclaimedKeys);
  await index.passes(lifetimes.recentlyClaimed - SECOND);
  await assertDamage(clients, "victim", reached("malware"), "the new root withheld");
  await index.passes(SECOND);
  await assertDamage(clients, "victim", reached("tuf.expired"), "after recently-claimed");
  await assertAllRecovered(robbery);
  thief.reaches(clients.saw, clients.missed, clients.fresh);
  const late = { saw: "tuf.threshold", missed: "tuf.threshold", fresh: "tuf.threshold" };
  await assertDamage(clients, "victim", late, "the thief again");
});

test("C2 all online keys: recently claimed pages too; claimed ones hold", async () => {
  const robbery = await rob(onlineKeyNames);
  const { clients, index, thief } = robbery;
  const pages = ["victim", "recent", "precious"];
  await thief.signsAll({ "recently-claimed": thief.lists(...pages) });
  await assertDamage(clients, "precious", reached("1.0"), "a claimed project");
  await assertDamage(clients, "recent", reached("malware"), "a recently claimed project");
  await assertDamage(clients, "victim", reached("malware"), "an unclaimed project");
  await replaceKeys(index, onlineKeyNames);
  const { saw, fresh } = clients;
  await index.passes(lifetimes.claimed - SECOND);
  assert.equal(await saw.install("recent"), "malware", "the new root withheld");
  assert.equal(await fresh.install("recent"), "malware", "the new root withheld");
  await index.passes(SECOND);
  await renewOffline(index, "root", "targets", "claimed");
  await assertDamage(clients, "recent", reached("tuf.expired"), "after claimed");
  await assertAllRecovered(robbery);
});

test("C3 all online keys: a claimed project that has no page yet gets none", async () => {
  const { clients, index, thief } = await rob(onlineKeyNames);
  await index.claims("claimed", "unborn");
  thief.copiesAgain();
  await thief.signsAll({
    "recently-claimed": thief.lists("unborn"),
    unclaimed: thief.lists("unborn"),
    "bin-0": thief.lists("unborn"),
    "bin-1": thief.lists("unborn"),
  });
  await assertDamage(
    clients,
    "unborn",
    reached("absent", "absent"),
    "an owners' role without a page",
  );
});

test("C4 all online keys: another claim of a claimed project, and of one that nobody claimed", async () => {
  const robbery = await rob(onlineKeyNames);
  const { clients, index, thief } = robbery;
  await thief.signsAll({
    "recently-claimed": thief.delegates("project-mine", "victim", "precious"),
  });
  await thief.signsRoles({ "project-mine": thief.lists("victim", "precious") });
  await assertDamage(clients, "precious", reached("1.0"), "a claimed project");
  await assertDamage(clients, "victim", reached("malware"), "a project that he claims first");
  await replaceKeys(index, onlineKeyNames);
  await assertAllRecovered(robbery);
});

test("C5 all online keys: the owners' role name given to the thief by recently-claimed", async () => {
  const { clients, thief } = await rob(onlineKeyNames);
  await thief.signsAll({
    "recently-claimed": thief.delegates("project-precious", "victim", "precious"),
  });
  await thief.signsRoles({ "project-precious": thief.lists("victim", "precious") });
  await assertDamage(
    clients,
    "victim",
    reached("malware"),
    "his role is believed for recently-claimed",
  );
  await assertDamage(clients, "precious", reached("tuf.threshold"), "and not for claimed");
});

for (const [id, role, bound] of [
  ["C6", "claimed", "deny"],
  ["C7", "targets", "root"],
] as const) {
  test(`${id} timestamp, snapshot, ${role}: claimed pages too`, async () => {
    const stolen: readonly KeyName[] = ["timestamp", "snapshot", role];
    const robbery = await rob(stolen);
    const { clients, index, thief } = robbery;
    const { saw, fresh } = clients;
    await thief.signsAll({ [role]: thief.listsAlone("precious") });
    await assertDamage(clients, "precious", reached("malware"), "a claimed project");
    await replaceKeys(index, stolen);
    await index.passes(lifetimes[bound] - SECOND);
    assert.equal(await saw.install("precious"), "malware", "the new root withheld");
    assert.equal(await fresh.install("precious"), "malware", "the new root withheld");
    await index.passes(SECOND);
    await renewOffline(index, "root", "targets", "claimed");
    await assertDamage(clients, "precious", reached("tuf.expired"), `after ${bound}`);
    await assertAllRecovered(robbery);
  });
}

test("C8 timestamp, snapshot and the only owner's key: that project", async () => {
  const robbery = await rob(["timestamp", "snapshot", "project-precious"]);
  const { clients, index, thief } = robbery;
  await thief.signsAll({ "project-precious": thief.lists("precious") });
  await assertDamage(clients, "precious", reached("malware"), "the claimed project");
  await assertDamage(clients, "victim", reached("1.0"), "and no other");
  await index.claims("claimed", "precious");
  await index.publishes("precious", "1.0");
  await replaceKeys(index, ["timestamp", "snapshot"]);
  await index.passes(lifetimes.deny - SECOND);
  await assertDamage(clients, "precious", reached("malware"), "the new root withheld");
  await index.passes(SECOND);
  await assertDamage(clients, "precious", reached("tuf.expired"), "after deny");
  await assertAllRecovered(robbery);
});

test("C9 all online keys and one owner's key of two that must sign: nothing of that project", async () => {
  const { clients, index } = await rob([], { owners: 2, threshold: 2 });
  const thief = index.robbedInPart("project-precious", 1, ...onlineKeyNames);
  await thief.signsAll({ "project-precious": thief.lists("precious") });
  thief.reaches(clients.saw, clients.fresh);
  await assertDamage(clients, "precious", reached("tuf.threshold"), "one signature of two");
});

test("C10 a release key, and a place on the network: until its owners name another", async () => {
  const robbery = await rob(["project-precious.release"], { release: true });
  const { clients, index, thief } = robbery;
  const swap = (): Promise<void> =>
    thief.swapsRole("project-precious.release", thief.lists("precious"));
  await swap();
  const first = { saw: "1.0", missed: "1.0", fresh: "malware" };
  await assertDamage(clients, "precious", first, "a file that saw keeps");
  await index.publishes("precious", "2.0");
  thief.copiesAgain();
  await swap();
  await assertDamage(clients, "precious", reached("malware", "2.0"), "a file that is new to all");
  await index.replacesRelease("precious");
  await index.passes(DAY - SECOND);
  await assertDamage(clients, "precious", reached("malware", "2.0"), "the new key withheld");
  await index.passes(SECOND);
  await assertDamage(clients, "precious", reached("tuf.expired", "2.0"), "after the timestamp");
  thief.copiesAgain();
  await swap();
  const replaced = { saw: "tuf.threshold", missed: "2.0", fresh: "tuf.threshold" };
  await assertDamage(clients, "precious", replaced, "with the old key");
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "precious", "2.0");
});

test("C11 timestamp and snapshot: an older page of a claimed project, for those who know no newer one", async () => {
  const { clients, index, thief } = await rob(["timestamp", "snapshot"]);
  thief.leaves(clients.saw);
  await index.publishes("precious", "2.0");
  assert.equal(await clients.saw.install("precious"), "2.0");
  thief.copiesAgain();
  await thief.replays({ "project-precious": 2 });
  thief.reaches(clients.saw);
  const replayed = { saw: "tuf.rollback", missed: "2.0", fresh: "1.0" };
  await assertDamage(clients, "precious", replayed, "an older owners' file");
  await replaceKeys(index, ["timestamp", "snapshot"]);
  await index.passes(lifetimes.deny - SECOND);
  await assertDamage(clients, "precious", replayed, "the new root withheld");
  await index.passes(SECOND);
  const expired = { saw: "tuf.rollback", missed: "2.0", fresh: "tuf.expired" };
  await assertDamage(clients, "precious", expired, "after deny");
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "precious", "2.0");
});

/** An older file of the role no longer passes for a new client that is shipped the floor; for others it lives out its life. */
async function assertReplayEnds(robbery: Robbery, role: "claimed" | "targets"): Promise<void> {
  const { clients, index, thief } = robbery;
  await raiseFloor(index);
  const floored = { saw: "tuf.rollback", missed: "1.0", fresh: "tuf.rollback" };
  const { anchor } = index;
  await index.shipsNewestRoot();
  await assertDamage(clients, "precious", floored, "shipped with a root that asks for more");
  index.anchor = anchor;
  await index.passes(lifetimes[role] - SECOND);
  assert.equal(await clients.fresh.install("precious"), "malware", "that root withheld");
  await index.passes(SECOND);
  assert.equal(await clients.fresh.install("precious"), "tuf.expired", `after the older ${role}`);
  await renewOffline(index, "root", "targets", "claimed");
  await replaceKeys(index, onlineKeyNames);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "precious", "1.0");
}

test("C12 all online keys: claimed of before the claim, for those who know no newer one and no floor", async () => {
  const robbery = await rob(onlineKeyNames);
  const { clients, thief } = robbery;
  const planted = thief.lists("precious");
  await thief.signsAll({ unclaimed: planted });
  await thief.replays({ claimed: 1 });
  const replayed = { saw: "tuf.rollback", missed: "1.0", fresh: "malware" };
  await assertDamage(clients, "precious", replayed, "an older claimed");
  await assertReplayEnds(robbery, "claimed");
});

test("C13 all online keys, and claimed's until targets replaced it: targets of before", async () => {
  const robbery = await rob([...onlineKeyNames, "claimed"]);
  const { clients, index, thief } = robbery;
  await replaceKeys(index, ["claimed"]);
  thief.leaves(clients.saw, clients.fresh);
  await assertRecovered(clients, "precious", "1.0");
  thief.copiesAgain();
  await thief.signsAll({ claimed: thief.listsAlone("precious") });
  thief.reaches(clients.saw, clients.fresh);
  await assertDamage(clients, "precious", reached("tuf.threshold"), "claimed's old key");
  await thief.replays({ targets: 1 });
  const replayed = { saw: "tuf.rollback", missed: "1.0", fresh: "malware" };
  await assertDamage(clients, "precious", replayed, "and the targets that name it");
  await assertReplayEnds(robbery, "targets");
});
