import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createBlake2b256, createBlake2b256Maker } from "./blake2b.ts";
import { equalBytes } from "./constant-time.ts";
import { createHash, digestHex, sha256, sha256Hex } from "./hash.ts";
import type { HashName } from "./hash.ts";
import { Secret } from "./secret.ts";

const abc = Buffer.from("abc");

test("hashes give the published digests, in one go and in pieces", async () => {
  const digests: Readonly<Record<HashName, string>> = {
    md5: "900150983cd24fb0d6963f7d28e17f72",
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    sha512:
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    blake2b512:
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  };
  for (const name of ["md5", "sha256", "sha512", "blake2b512"] as const) {
    const state = createHash(name);
    for (const byte of abc) state.update(Uint8Array.of(byte));
    assert.equal(state.digestHex(), digests[name]);
    assert.equal(digestHex(name, abc), digests[name]);
  }
  assert.equal(sha256Hex(abc), digests.sha256);
  assert.equal(Buffer.from(sha256(abc)).toString("hex"), digests.sha256);
  const blake2b = await createBlake2b256();
  blake2b.update(abc);
  assert.equal(
    blake2b.digestHex(),
    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
  );
});

test("two BLAKE2b states do not mix", async () => {
  const createBlake2b256 = createBlake2b256Maker();
  const [a, b] = await Promise.all([createBlake2b256(), createBlake2b256()]);
  a.update(abc);
  b.update(Buffer.from("other"));
  a.update(new Uint8Array());
  assert.equal(a.digestHex(), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
});

test("a BLAKE2b state that is used again starts anew, and the one before it is dead", async () => {
  const create = createBlake2b256Maker();
  const first = await create();
  first.update(Buffer.from("something else"));
  first.digestHex();
  const second = await create();
  assert.throws(() => first.update(abc));
  assert.throws(() => first.digestHex());
  second.update(abc);
  assert.equal(
    second.digestHex(),
    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
  );
});

test("equalBytes() compares content and length", () => {
  assert.equal(equalBytes(abc, Buffer.from("abc")), true);
  assert.equal(equalBytes(abc, Buffer.from("abd")), false);
  assert.equal(equalBytes(abc, Buffer.from("ab")), false);
  assert.equal(equalBytes(new Uint8Array(), new Uint8Array()), true);
});

test("a Secret shows itself to nobody who does not ask", () => {
  const secret = new Secret(abc);
  for (const text of [String(secret), inspect({ secret }), JSON.stringify({ secret })]) {
    assert.match(text, /\[secret\]/);
    assert.doesNotMatch(text, /abc|616263|97/);
  }
  const copy = secret.reveal();
  copy.fill(0);
  assert.deepEqual(secret.reveal(), new Uint8Array(abc));
});
