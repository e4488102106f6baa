/**
 * A hostile mirror sits between the proxy and its index, and real pip and uv install through it. For each lie: an honest
 * run, the lie, a refusal with this code and its sentence in the client's own output, nothing taken from the other index
 * that is configured behind the proxy, the proxy's trusted state as it was; and afterwards things work again.
 *
 * pip joins the offers of all its indexes, proxy or not, so a second one is configured for uv alone (docs say why).
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startHoldfast, startProxy } from "./holdfast.ts";
import type { Holdfast, ProxyProgram } from "./holdfast.ts";
import * as lies from "./hostile-mirror.ts";
import type { Recording, VictimAttack } from "./hostile-mirror.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { startMirror } from "./mirror.ts";
import type { Mirror } from "./mirror.ts";
import { startOtherIndex } from "./other-index.ts";
import type { OtherIndex } from "./other-index.ts";
import { fetchBytes, fetchPage, member } from "./plain-client.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { uploadNew } from "./uploading.ts";

type Case = {
  readonly name: string;
  readonly attack: VictimAttack;
  /** What every client's output names. */
  readonly code: string;
  /** Part of the sentence. */
  readonly says: RegExp;
  /** The proxy keeps refusing these bytes for a while, so the end of the attack is not seen at once. */
  readonly isRemembered?: boolean;
};

const elsewhere = "http://127.0.0.1:9/files/";
const cases: readonly Case[] = [
  {
    name: "alters a file",
    attack: lies.alterFile,
    code: "file.hash",
    says: /sha256/,
    isRemembered: true,
  },
  {
    name: "shortens a file",
    attack: lies.shortenFile,
    code: "file.length",
    says: /bytes/,
    isRemembered: true,
  },
  { name: "cuts a file off", attack: lies.cutFile, code: "network.truncated", says: /ended|bytes/ },
  { name: "hides a file", attack: lies.hideFile, code: "file.missing", says: /404|missing|not/ },
  {
    name: "redirects a file",
    attack: lies.redirectFile(elsewhere),
    code: "network.redirect",
    says: /redirect/,
  },
  {
    name: "alters a .metadata",
    attack: lies.alterMetadata,
    code: "file.hash",
    says: /sha256/,
    isRemembered: true,
  },
  { name: "alters a page", attack: lies.alterPage, code: "tuf.hash", says: /page/ },
  {
    name: "serves another project's page",
    attack: lies.serveOtherPage,
    code: "tuf.length",
    says: /page/,
  },
  { name: "hides a page", attack: lies.hidePage, code: "page.missing", says: /page/ },
  { name: "cuts a page off", attack: lies.cutPage, code: "network.truncated", says: /bytes|ended/ },
  { name: "sends an endless page", attack: lies.endlessPage, code: "network.size", says: /bytes/ },
  { name: "drips a page", attack: lies.dripPage, code: "network.rate", says: /slow|second/ },
  { name: "removes a bin", attack: lies.hideBin, code: "tuf.missing", says: /bin/ },
  {
    name: "sends an endless timestamp",
    attack: lies.endlessTimestamp,
    code: "network.size",
    says: /bytes/,
  },
  {
    name: "rolls the timestamp back",
    attack: lies.rollBack,
    code: "tuf.rollback",
    says: /version/,
  },
  {
    name: "mixes an old snapshot in",
    attack: lies.mixVersions,
    code: "tuf.hash",
    says: /snapshot/,
  },
  {
    name: "signs the timestamp itself",
    attack: lies.swapSignatures,
    code: "tuf.threshold",
    says: /timestamp/,
  },
  { name: "swaps the root", attack: lies.swapRoot, code: "tuf.threshold", says: /root/ },
  { name: "replays an older root", attack: lies.replayRoot, code: "tuf.version", says: /root/ },
];

describe("a hostile mirror", () => {
  let holdfast: Holdfast;
  let mirror: Mirror;
  let proxy: ProxyProgram;
  let machine: Machine;
  let otherIndex: OtherIndex;

  before(async () => {
    machine = await aMachine(["pip", "uv"]);
    otherIndex = await startOtherIndex("1.1");
    holdfast = await startHoldfast();
    await uploadNew(holdfast.ready, { project: "bystander", version: "1.0" });
    mirror = await startMirror(holdfast.ready.index);
    proxy = await startProxy({
      index: mirror.url,
      anchor: ["--fingerprint", holdfast.ready.rootFingerprint],
      // Each request sees the index as it is now.
      config: '[proxy]\nrefresh = "1ms"\n',
    });
  });

  after(async () => {
    await proxy?.remove();
    await mirror?.stop();
    await holdfast?.remove();
    await otherIndex?.stop();
    await machine?.remove();
  });

  for (const [number, plan] of cases.entries()) {
    test(`that ${plan.name} is refused with ${plan.code}`, async () => {
      const project = `victim-${number}`;
      const recording = await record(holdfast);
      await uploadNew(holdfast.ready, { project, version: "1.0" });
      checkSuccess(await install("pip", `${project}==1.0`));
      checkSuccess(await install("uv", `${project}==1.0`));

      await uploadNew(holdfast.ready, { project, version: "1.1" });
      const trusted = await readTrusted(proxy);
      mirror.attackWith(plan.attack({ project, recording }));
      for (const client of ["pip", "uv"] as const) {
        const run = await install(client, `${project}==1.1`);
        assert.notEqual(run.status, 0, `${client} installed it:\n${run.output}`);
        assert.ok(
          run.text.includes(plan.code),
          `${client} does not say ${plan.code}:\n${run.output}`,
        );
        assert.match(run.text, plan.says, `${client} does not say why:\n${run.output}`);
      }
      assert.deepEqual(otherIndex.filesFetched, []);
      assert.deepEqual(machine.outsideAttempts, []);
      assert.equal(await readTrusted(proxy), trusted);

      mirror.attackWith(undefined);
      if (plan.isRemembered !== true) {
        checkSuccess(await install("pip", `${project}==1.1`));
      }
    });
  }

  test("a stranger's signature beside the right ones changes nothing", async () => {
    await uploadNew(holdfast.ready, { project: "control", version: "1.0" });
    mirror.attackWith(lies.addSignature());
    checkSuccess(await install("pip", "control==1.0"));
    checkSuccess(await install("uv", "control==1.0"));
    mirror.attackWith(undefined);
  });

  const install = async (client: "pip" | "uv", requirement: string): Promise<Run> => {
    const environment = await machine.freshEnvironment();
    return client === "pip"
      ? machine.run("pip", [
          ...["--python", environment.python, "install", "--index-url", proxy.simple, requirement],
        ])
      : machine.run("uv", [
          ...["pip", "install", "--no-cache", "--python", environment.python],
          ...["--index", proxy.simple, "--default-index", otherIndex.simple, requirement],
        ]);
  };
});

/** What a mirror that means harm keeps. */
async function record(holdfast: Holdfast): Promise<Recording> {
  const { metadata, simple } = holdfast.ready;
  const read = async (name: string): Promise<Buffer> =>
    Buffer.from(await fetchBytes(new URL(name, metadata)));
  const timestamp = await read("timestamp.json");
  const snapshot = member(member(JSON.parse(timestamp.toString()), "signed"), "meta");
  const version = member(member(snapshot, "snapshot.json"), "version");
  return {
    timestamp,
    snapshot: await read(`${String(version)}.snapshot.json`),
    root: await read("1.root.json"),
    otherPage: Buffer.from(await fetchPage(simple, "bystander")),
  };
}

/** The versions the proxy trusts, as text. */
async function readTrusted(proxy: ProxyProgram): Promise<string> {
  const trusted = member(JSON.parse(await proxy.readStatus()), "trusted");
  assert.ok(trusted !== undefined, "the status does not say what is trusted");
  return JSON.stringify(trusted);
}
