/**
 * A hostile mirror sits between the proxy and its index, and real pip and uv install through it. For each lie: an honest
 * run, the lie, a refusal with this code and its sentence in the client's own output, nothing taken from the other index
 * that is configured behind the proxy, the proxy's trusted state as it was; and afterwards things work again.
 *
 * pip joins the offers of all its indexes, proxy or not, so a second one is configured for uv alone (docs say why).
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
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
import { fetchBytes, fetchPage, member, memberList, memberText } from "./plain-client.ts";
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
    says: /was altered/,
    isRemembered: true,
  },
  {
    name: "shortens a file",
    attack: lies.shortenFile,
    code: "file.length",
    says: /bytes/,
    isRemembered: true,
  },
  {
    name: "cuts a file off",
    attack: lies.cutFile,
    code: "network.truncated",
    says: /broke while reading/,
    isRemembered: true,
  },
  {
    name: "hides a file",
    attack: lies.hideFile,
    code: "file.missing",
    says: /does not have victim_/,
    isRemembered: true,
  },
  {
    name: "redirects a file",
    attack: lies.redirectFile(elsewhere),
    code: "network.redirect",
    says: /leads elsewhere/,
    isRemembered: true,
  },
  {
    name: "alters a .metadata",
    attack: lies.alterMetadata,
    code: "file.hash",
    says: /was altered/,
    isRemembered: true,
  },
  { name: "alters a page", attack: lies.alterPage, code: "tuf.hash", says: /its sha256 is wrong/ },
  {
    name: "serves another project's page",
    attack: lies.serveOtherPage,
    code: "tuf.length",
    says: /simple\/victim-/,
  },
  { name: "hides a page", attack: lies.hidePage, code: "tuf.missing", says: /it must exist/ },
  {
    name: "cuts a page off",
    attack: lies.cutPage,
    code: "network.truncated",
    says: /broke while reading/,
  },
  {
    name: "sends an endless page",
    attack: lies.endlessPage,
    code: "tuf.length",
    says: /it is longer than/,
  },
  {
    name: "drips a page",
    attack: lies.dripPage,
    code: "network.rate",
    says: /slow|bytes a second/,
  },
  { name: "removes a bin", attack: lies.hideBin, code: "tuf.missing", says: /bin/ },
  {
    name: "sends an endless timestamp",
    attack: lies.endlessTimestamp,
    code: "tuf.length",
    says: /it is longer than/,
  },
  {
    name: "rolls the timestamp back",
    attack: lies.rollBack,
    code: "tuf.rollback",
    says: /timestamp/,
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
  /** Hashes of all metadata the index ever made. */
  const honest = new Set<string>();
  /** Refusals that an earlier test was about. */
  const listed = new Set<string>();

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
    test(`that ${plan.name} is refused with ${plan.code}`, async (t) => {
      t.after(() => mirror.attackWith(undefined));
      const project = `victim-${number}`;
      const recording = await record(holdfast);
      await uploadNew(holdfast.ready, { project, version: "1.0" });
      await noteHonest(holdfast, honest);
      checkSuccess(await install("pip", `${project}==1.0`));
      checkSuccess(await install("uv", `${project}==1.0`));

      await uploadNew(holdfast.ready, { project, version: "1.1" });
      await noteHonest(holdfast, honest);
      const before = await readTrusted(proxy);
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
      await expectTrustIntact(before);
      assert.ok((await newRefusalCodes()).includes(plan.code), "status does not list it");

      mirror.attackWith(undefined);
      const works = plan.isRemembered === true ? "1.0" : "1.1";
      checkSuccess(await install("pip", `${project}==${works}`));
    });
  }

  test("a stranger's signature beside the right ones changes nothing", async () => {
    await uploadNew(holdfast.ready, { project: "control", version: "1.0" });
    mirror.attackWith(lies.addSignature());
    checkSuccess(await install("pip", "control==1.0"));
    checkSuccess(await install("uv", "control==1.0"));
    mirror.attackWith(undefined);
  });

  test("a project that the proxy does not know is taken from the other index", async () => {
    // Else the other index could not be what a "not found" leads to.
    checkSuccess(await install("uv", "unknown==1.1"));
    assert.ok(otherIndex.filesFetched.length > 0);
  });

  /** Of what status lists since it was last read: the same code for the same subject is counted. */
  const newRefusalCodes = async (): Promise<readonly string[]> => {
    const refusals = memberList(JSON.parse(await proxy.readStatus()), "refusals");
    const added = refusals.filter((refusal) => !listed.has(JSON.stringify(refusal)));
    for (const refusal of added) listed.add(JSON.stringify(refusal));
    return added.map((refusal) => memberText(refusal, "code"));
  };

  /** Nothing the proxy trusts now is anything but the index's own, and nothing is older than it was. */
  const expectTrustIntact = async (before: TrustedFiles): Promise<void> => {
    const now = await readTrusted(proxy);
    for (const [name, bytes] of now) {
      assert.ok(
        honest.has(sha256Hex(bytes)),
        `the proxy trusts a ${name} that the index never made`,
      );
    }
    for (const role of ["root", "timestamp", "snapshot", "targets"]) {
      assert.ok(versionIn(now, role) >= versionIn(before, role), `${role} went back`);
    }
  };

  /** Into a folder of its own each time, which costs less than an environment. */
  const install = async (client: "pip" | "uv", requirement: string): Promise<Run> => {
    const target = ["--target", await machine.freshFolder("installed"), requirement];
    return client === "pip"
      ? machine.run("pip", ["install", "--index-url", proxy.simple, ...target])
      : machine.run("uv", [
          ...["pip", "install", "--no-cache", "--python", machine.python],
          ...["--index", proxy.simple, "--default-index", otherIndex.simple, ...target],
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

/** By its name in the proxy's state folder, everything it trusts. */
type TrustedFiles = ReadonlyMap<string, Buffer>;

async function readTrusted(proxy: ProxyProgram): Promise<TrustedFiles> {
  return readTree(join(proxy.state, "tuf"));
}

/** `<version>.<role>.json`, or `<role>.json`. */
function versionIn(files: TrustedFiles, role: string): number {
  const versions = [...files]
    .filter(([name]) => /^(?:[0-9]+\.)?([a-z]+)\.json$/.exec(name)?.[1] === role)
    .map(([, bytes]) => Number(member(member(JSON.parse(bytes.toString()), "signed"), "version")));
  assert.ok(versions.length > 0, `the proxy trusts no ${role}`);
  return Math.max(...versions);
}

/** Adds what the index has made by now. */
async function noteHonest(holdfast: Holdfast, honest: Set<string>): Promise<void> {
  for (const bytes of (await readTree(join(holdfast.data, "public", "tuf"))).values()) {
    honest.add(sha256Hex(bytes));
  }
}

async function readTree(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.set(entry.name, await readFile(join(entry.parentPath, entry.name)));
  }
  return files;
}
