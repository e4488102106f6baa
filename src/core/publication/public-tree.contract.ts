/** What every PublicTree must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PublicTree } from "./public-tree.ts";

export type PublicTreeUnderTest = { readonly tree: PublicTree; close(): Promise<void> };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function testPublicTree(name: string, make: () => Promise<PublicTreeUnderTest>): void {
  const run = (claim: string, body: (tree: PublicTree) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const { tree, close } = await make();
      try {
        await body(tree);
      } finally {
        await close();
      }
    });
  };

  run("holds what was written, whole", async (tree) => {
    const path = "targets/simple/demo/aa.index.json";
    assert.equal(await tree.read(path, 100_000), undefined);
    assert.equal(await tree.readSize(path), undefined);
    await tree.write(path, [bytes("o"), bytes("n"), bytes("e")]);
    assert.deepEqual(await tree.read(path, 100_000), bytes("one"));
    assert.equal(await tree.readSize(path), 3);
    await tree.write(path, Array(5_000).fill(bytes("piece")));
    assert.equal(await tree.readSize(path), 25_000);
    await tree.write(path, [bytes("other")]);
    assert.deepEqual(await tree.read(path, 100_000), bytes("other"));
    await tree.write(path, []);
    assert.equal(await tree.readSize(path), 0);
  });

  run("reads no more than it may", async (tree) => {
    const path = "tuf/1.root.json";
    await tree.write(path, [bytes("12345")]);
    assert.deepEqual(await tree.read(path, 5), bytes("12345"));
    await assert.rejects(tree.read(path, 4), { code: "tuf.length", message: /tuf\/1\.root\.json/ });
    assert.equal(await tree.read("tuf/2.root.json", 0), undefined);
  });

  run("replaces a pointer only while it is what is expected", async (tree) => {
    const path = "tuf/timestamp.json";
    assert.equal(await tree.replacePointer(path, bytes("1"), bytes("2")), false);
    assert.equal(await tree.read(path, 100_000), undefined);
    assert.equal(await tree.replacePointer(path, undefined, bytes("1")), true);
    assert.equal(await tree.replacePointer(path, undefined, bytes("9")), false);
    assert.equal(await tree.replacePointer(path, bytes("0"), bytes("9")), false);
    assert.deepEqual(await tree.read(path, 100_000), bytes("1"));
    assert.equal(await tree.replacePointer(path, bytes("1"), bytes("2")), true);
    assert.deepEqual(await tree.read(path, 100_000), bytes("2"));
  });

  run("lists folders and forgets what is removed", async (tree) => {
    assert.deepEqual(await tree.list("tuf"), []);
    await tree.write("tuf/1.root.json", [bytes("r")]);
    await tree.write("tuf/2.root.json", [bytes("r")]);
    await tree.write("targets/simple/demo/aa.index.json", [bytes("p")]);
    assert.deepEqual([...(await tree.list("tuf"))].toSorted(), ["1.root.json", "2.root.json"]);
    assert.deepEqual(await tree.list("targets/simple"), ["demo"]);
    await tree.remove("tuf/1.root.json");
    await tree.remove("tuf/1.root.json");
    assert.deepEqual(await tree.list("tuf"), ["2.root.json"]);
  });
}
