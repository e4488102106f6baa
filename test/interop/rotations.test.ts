/**
 * Every rotation and every growth of the repository before other implementations of TUF. Each step is followed by what
 * the replaced key, or a mirror, can still try: refused by clients that have followed since the first root and by fresh
 * ones; then both find every page.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames, pageTarget, publicPagePath } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { cardOf, keyOf } from "#world/ceremony-people.ts";
import { DAY } from "#world/sim-clock.ts";
import { forge, forgeRoot } from "./forgery.ts";
import { expired, Panel, unsigned, wrongBytes } from "./panel.ts";
import type { ExpectedPages, Judged } from "./panel.ts";
import { RotatingIndex } from "./rotating-index.ts";

const bitLengthFirst = 3;
const projects: readonly string[] = ["anchor", "buoy", "capstan"];

describe("rotations before other TUF clients", () => {
  let panel: Panel;
  let index: RotatingIndex;
  let judged: Judged;

  before(async () => {
    panel = await Panel.open();
    index = await RotatingIndex.start(bitLengthFirst);
    for (const project of projects) await index.upload(project, "1.0");
    const { first, tree } = index.world;
    judged = await panel.watch("rotations", first.root, (path) => tree.get(path));
  });

  after(async () => {
    await index?.stop();
    await panel?.close();
  });

  const everything = async (): Promise<ExpectedPages> => {
    const pages: Record<string, string | undefined> = { "never-uploaded": undefined };
    for (const project of projects) pages[project] = await index.pageHash(project);
    return pages;
  };

  /** What is new is found, and not what a mirror makes of it. */
  const expectSound = async (): Promise<void> => {
    const project = normaliseProjectName("anchor");
    await index.upload(project, `1.${index.world.disk.batch}`);
    await judged.find(await everything());
    const page = publicPagePath(project, (await index.pageHash(project)) ?? "");
    await judged.whileLying(new Map([[page, formatUtf8("malware")]]), () =>
      judged.refuse(project, wrongBytes),
    );
  };

  const expectRefused = async (
    role: string,
    signer: TufSigner,
    target: string = "anchor",
  ): Promise<void> => {
    const { clock, tree } = index.world;
    const timestamp = index.keysOf("timestamp").current;
    const snapshot = index.keysOf("snapshot").current;
    const lies = await forge({ tree, now: clock(), timestamp, snapshot }, { role, signer });
    await judged.whileLying(lies, () => judged.refuseTheft(target, unsigned));
  };

  const newestRoot = (): Root => {
    const { tree } = index.world;
    let version = 1;
    while (tree.has(`tuf/${version + 1}.root.json`)) version++;
    return parseSigned(tree.get(`tuf/${version}.root.json`) ?? new Uint8Array(), rootDecoder).value;
  };

  const expectRootRefused = async (...signers: readonly string[]): Promise<void> => {
    const { clock, tree } = index.world;
    const { version } = newestRoot();
    const lies = await forgeRoot({ tree, now: clock() }, version, signers.map(keyOf));
    await judged.whileLying(lies, () => judged.refuse("anchor", unsigned));
  };

  /** The file in which the key's signature is judged, and the target whose search passes it. */
  const judgedBy = (name: OnlineKeyName): readonly [role: string, target: string] => {
    if (name === "deny") return ["deny", "deny.json"];
    if (name !== "bins") return [name, "anchor"];
    const bits = Math.log2(index.bins);
    const bins = { namePrefix: "bin", bitLength: bits, keyIds: [], threshold: 1 };
    return [binName(bins, pageTarget(normaliseProjectName("anchor"))), "anchor"];
  };

  test("each reads a repository whose metadata names the holders of its keys", async () => {
    assert.equal(newestRoot().holders?.get(keyOf("ada").key.keyId)?.name, "ada");
    await expectSound();
  });

  for (const name of onlineKeyNames) {
    test(`each follows when the ${name} key is replaced, and refuses what the former one signs`, async () => {
      await index.rotate(name);
      const [role, target] = judgedBy(name);
      await expectRefused(role, index.keysOf(name).former, target);
      await expectSound();
    });
  }

  test("each follows when the key of targets is replaced, and refuses what the former one signs", async () => {
    await index.hold(
      ["ada", "bob", "dave"],
      { kind: "add-key", role: "targets", card: cardOf("dave") },
      { kind: "remove-key", role: "targets", keyId: keyOf("ada").key.keyId },
    );
    await expectRefused("targets", keyOf("ada"));
    await expectSound();
  });

  test("each follows when the key of claimed is replaced, and refuses what the former one signs", async () => {
    await index.hold(
      ["dave", "erin"],
      { kind: "add-key", role: "claimed", card: cardOf("erin") },
      { kind: "remove-key", role: "claimed", keyId: keyOf("bob").key.keyId },
    );
    await expectRefused("claimed", keyOf("bob"));
    await expectSound();
  });

  test("each follows when a root key is replaced, and refuses a root that the former one signs", async () => {
    await index.hold(
      ["ada", "bob", "frank"],
      { kind: "add-key", role: "root", card: cardOf("frank") },
      { kind: "remove-key", role: "root", keyId: keyOf("carol").key.keyId },
    );
    await expectRootRefused("ada", "carol");
    await expectSound();
  });

  test("each follows when root's threshold rises, and refuses a root that fewer sign", async () => {
    await index.hold(["ada", "bob", "frank"], { kind: "threshold", role: "root", threshold: 3 });
    await expectRootRefused("ada", "bob");
    await expectSound();
  });

  test("each follows several roots at once", async () => {
    for (const role of ["root", "targets", "claimed"] as const) {
      const signers = { root: ["ada", "bob", "frank"], targets: ["dave"], claimed: ["erin"] };
      await index.hold(signers[role], { kind: "renew", role });
      await index.hold(["ada", "bob", "frank"], { kind: "renew", role: "root" });
    }
    await expectSound();
  });

  test("each reads a root with another expiry and with floors, and refuses an expired timestamp", async () => {
    await index.hold(
      ["ada", "bob", "frank"],
      { kind: "expires", role: "root", expires: parseInstant("2040-01-01T00:00:00Z") },
      { kind: "floor", role: "targets", version: 2 },
      { kind: "floor", role: "claimed", version: 2 },
    );
    assert.deepEqual(
      newestRoot().floor,
      new Map([
        ["targets", 2],
        ["claimed", 2],
      ]),
    );
    const { clock, tree } = index.world;
    const signer = index.keysOf("timestamp").current;
    const snapshot = index.keysOf("snapshot").current;
    const from = { tree, now: clock(), timestamp: signer, snapshot };
    const lies = await forge(from, { role: "timestamp", signer, lifetimeMs: -DAY });
    await judged.whileLying(lies, () => judged.refuseTheft("anchor", expired));
    await expectSound();
  });

  test("each follows when bins double, and when their names grow by a digit", async () => {
    assert.equal(index.bins, 8);
    await index.uploadMany(0, 520);
    assert.equal(index.bins, 16);
    await expectSound();
    await index.uploadMany(520, 1_030);
    assert.equal(index.bins, 32);
    await judged.find({ "filler-7": await index.pageHash("filler-7") });
    const [bin] = judgedBy("bins");
    assert.match(bin, /^bin-[0-9a-f]{2}$/);
    await expectRefused(bin, index.keysOf("unclaimed").current);
    await expectSound();
  });
});
