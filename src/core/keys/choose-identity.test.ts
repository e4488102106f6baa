import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parseHex } from "#formats/bytes/hex.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseIdentitiesAnswer } from "#formats/ssh/agent-message.ts";
import type { AgentIdentity } from "#formats/ssh/agent-message.ts";
import { sshFingerprint } from "#formats/ssh/public-key.ts";
import { formatString } from "#formats/ssh/wire.ts";
import { chooseIdentity } from "./choose-identity.ts";

const vectors = join(import.meta.dirname, "../../../test/vectors/ssh-agent/recorded.json");
const { identities } = JSON.parse(readFileSync(vectors, "utf8")) as { readonly identities: string };
const [ada, p256, rsa] = parseIdentitiesAnswer(parseHex(identities)) ?? [];
assert.ok(ada && p256 && rsa);
const sk: AgentIdentity = {
  blob: formatString(formatUtf8("sk-ssh-ed25519@openssh.com")),
  comment: "touch",
};

describe("chooseIdentity()", () => {
  test("takes the named key, or the only one that can sign", () => {
    for (const identity of [ada, p256]) {
      const fingerprint = sshFingerprint(identity.blob);
      assert.equal(chooseIdentity([rsa, ada, p256], fingerprint).fingerprint, fingerprint);
      assert.equal(chooseIdentity([rsa, identity, sk], undefined).fingerprint, fingerprint);
    }
  });

  test("never guesses among several", () => {
    assert.throws(() => chooseIdentity([ada, p256], undefined), {
      code: "agent.no-key",
      message: /several.*SHA256:FqpdNJ\S+ "ada"; SHA256:ckWkmf\S+ "p256"/,
    });
  });

  test("says which keys there are when the named one is not", () => {
    assert.throws(() => chooseIdentity([p256], sshFingerprint(ada.blob)), {
      code: "agent.no-key",
      message: /does not hold SHA256:FqpdNJ.*\(SHA256:ckWkmf\S+ "p256"\)/,
    });
    const empty = { code: "agent.no-key", message: /none that can sign here$/ };
    assert.throws(() => chooseIdentity([], undefined), empty);
    const many = Array.from({ length: 12 }, (): AgentIdentity => p256);
    const named = (): unknown => chooseIdentity(many, sshFingerprint(ada.blob));
    assert.throws(named, { code: "agent.no-key", message: /, and 2 more\)$/ });
  });

  test("says why RSA and security keys cannot sign", () => {
    for (const [identity, reason] of [
      [rsa, /PKCS#1 v1\.5/],
      [sk, /FIDO/],
    ] as const) {
      const named = (): unknown => chooseIdentity([identity], sshFingerprint(identity.blob));
      assert.throws(named, { code: "agent.key-type", message: reason });
      const any = (): unknown => chooseIdentity([identity], undefined);
      assert.throws(any, { code: "agent.no-key", message: reason });
    }
  });
});
