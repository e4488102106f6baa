/** What an agent of OpenSSH answered, recorded, and what a hostile one could answer instead. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { formatHex, parseHex } from "#formats/bytes/hex.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import {
  agentMessageSizeMax,
  formatAgentFrame,
  formatIdentitiesRequest,
  formatSignRequest,
  parseAgentFrameSize,
  parseIdentitiesAnswer,
  parseSignAnswer,
} from "./agent-message.ts";
import { parseSshPublicKey, sshFingerprint } from "./public-key.ts";
import { parseSshSignature } from "./signature.ts";
import { formatString, formatUint32 } from "./wire.ts";

type Recorded = {
  readonly identities: string;
  readonly message: string;
  readonly keys: readonly {
    readonly comment: string;
    readonly fingerprint: string;
    readonly scheme?: string;
    readonly signAnswer?: string;
  }[];
};

const vectors = join(import.meta.dirname, "../../../test/vectors/ssh-agent/recorded.json");
const recorded = JSON.parse(readFileSync(vectors, "utf8")) as Recorded;
const malformed = { code: "ssh.malformed" };

const text = (value: string): Uint8Array => formatString(formatUtf8(value));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

describe("an agent's messages", () => {
  test("as recorded are read, and their signatures verify", () => {
    const identities = parseIdentitiesAnswer(parseHex(recorded.identities)) ?? [];
    assert.deepEqual(
      identities.map(({ blob, comment }) => ({ comment, fingerprint: sshFingerprint(blob) })),
      recorded.keys.map(({ comment, fingerprint }) => ({ comment, fingerprint })),
    );
    for (const [index, { scheme, signAnswer = "" }] of recorded.keys.entries()) {
      const key = parseSshPublicKey(identities[index]?.blob ?? new Uint8Array());
      if (key.kind === "unusable") {
        assert.match(key.reason, /PKCS#1 v1\.5/);
        continue;
      }
      assert.equal(key.publicKey.scheme, scheme);
      const blob = parseSignAnswer(parseHex(signAnswer)) ?? new Uint8Array();
      const signature = parseSshSignature(blob, key.publicKey.scheme);
      const message = formatUtf8(recorded.message);
      assert.equal(verifySignature(key.publicKey, message, signature), true);
      assert.equal(verifySignature(key.publicKey, formatUtf8("another"), signature), false);
    }
  });

  test("of ours are what the draft says", () => {
    assert.equal(formatHex(formatAgentFrame(formatIdentitiesRequest())), "000000010b");
    const request = formatSignRequest(Uint8Array.of(1, 2), Uint8Array.of(3));
    assert.equal(formatHex(request), "0d000000020102000000010300000000");
  });

  test("cut anywhere, or with more behind them, are refused", () => {
    const answers: readonly (readonly [(bytes: Uint8Array) => unknown, string])[] = [
      [parseIdentitiesAnswer, recorded.identities],
      [parseSignAnswer, recorded.keys[0]?.signAnswer ?? ""],
    ];
    for (const [parse, hex] of answers) {
      const whole = parseHex(hex);
      for (let size = 0; size < whole.byteLength; size++) {
        assert.throws(() => parse(whole.subarray(0, size)), malformed, `${size} bytes`);
      }
      assert.throws(() => parse(joined(whole, Uint8Array.of(0))), malformed);
    }
  });

  test("with a count or a length that lies are refused at once", () => {
    const many = joined(Uint8Array.of(12), formatUint32(0xffff_ffff), text("blob"), text("ada"));
    assert.throws(() => parseIdentitiesAnswer(many), malformed);
    const few = parseHex(recorded.identities.replace("0c00000003", "0c00000002"));
    assert.throws(() => parseIdentitiesAnswer(few), malformed);
    const long = joined(Uint8Array.of(14), formatUint32(0xffff_ffff), Uint8Array.of(1));
    assert.throws(() => parseSignAnswer(long), malformed);
    assert.equal(parseAgentFrameSize(formatUint32(agentMessageSizeMax)), agentMessageSizeMax);
    assert.throws(() => parseAgentFrameSize(formatUint32(agentMessageSizeMax + 1)), malformed);
    assert.throws(() => parseAgentFrameSize(formatUint32(0)), malformed);
  });

  test("of another type are refused; a failure is an answer", () => {
    assert.equal(parseIdentitiesAnswer(Uint8Array.of(5)), undefined);
    assert.equal(parseSignAnswer(Uint8Array.of(5)), undefined);
    assert.throws(() => parseSignAnswer(parseHex(recorded.identities)), malformed);
    assert.throws(() => parseIdentitiesAnswer(Uint8Array.of(6)), malformed);
    const notText = joined(Uint8Array.of(12), formatUint32(1), text("blob"), formatUint32(1));
    const answer = joined(notText, Uint8Array.of(0xff));
    assert.throws(() => parseIdentitiesAnswer(answer), { code: "bytes.utf8" });
  });
});

describe("parseSshPublicKey()", () => {
  const point = joined(Uint8Array.of(4), new Uint8Array(64).fill(1));

  test("says why other kinds cannot sign", () => {
    for (const [type, reason] of [
      ["sk-ssh-ed25519@openssh.com", /FIDO/],
      ["sk-ecdsa-sha2-nistp256@openssh.com", /FIDO/],
      ["ssh-ed25519-cert-v01@openssh.com", /certificate/],
      ["sk-ssh-ed25519-cert-v01@openssh.com", /certificate/],
      ["ecdsa-sha2-nistp384", /P-256 only/],
      ["ssh-dss", /does not know keys of the type "ssh-dss"/],
      ["\u001b[2J", /type "\\u\{1b\}\[2J"/],
    ] as const) {
      const key = parseSshPublicKey(text(type));
      assert.ok(key.kind === "unusable", type);
      assert.match(key.reason, reason);
    }
  });

  test("refuses keys that are none", () => {
    const weak = formatString(new Uint8Array(32));
    for (const blob of [
      joined(text("ssh-ed25519"), weak),
      joined(text("ssh-ed25519"), formatString(new Uint8Array(31).fill(9))),
      joined(text("ecdsa-sha2-nistp256"), text("nistp256"), formatString(point)),
      joined(text("ecdsa-sha2-nistp256"), text("nistp256"), formatString(point.subarray(0, 33))),
    ]) {
      assert.throws(() => parseSshPublicKey(blob), malformed, formatHex(blob));
    }
    const identities = parseIdentitiesAnswer(parseHex(recorded.identities)) ?? [];
    for (const { blob } of identities.slice(0, 2)) {
      assert.equal(parseSshPublicKey(blob).kind, "usable");
      assert.throws(() => parseSshPublicKey(joined(blob, Uint8Array.of(0))), malformed);
    }
    const goodPoint = identities[1]?.blob.subarray(-65) ?? point;
    const otherCurve = [text("ecdsa-sha2-nistp256"), text("nistp384"), formatString(goodPoint)];
    assert.throws(() => parseSshPublicKey(joined(...otherCurve)), malformed);
  });
});

describe("parseSshSignature()", () => {
  const number = new Uint8Array(32).fill(0x11);
  const ecdsa = (...numbers: readonly Uint8Array[]): Uint8Array =>
    joined(text("ecdsa-sha2-nistp256"), formatString(joined(...numbers.map(formatString))));

  test("writes the two numbers of ECDSA as DER", () => {
    const der = parseSshSignature(ecdsa(number, Uint8Array.of(0, 0x80)), "ecdsa-sha2-nistp256");
    assert.equal(formatHex(der), `30260220${"11".repeat(32)}02020080`);
  });

  test("refuses numbers that are negative, not minimal, too large, too few or too many", () => {
    const small = Uint8Array.of(1);
    for (const blob of [
      ecdsa(Uint8Array.of(0x80), small),
      ecdsa(small, Uint8Array.of(0, 0x7f)),
      ecdsa(small, Uint8Array.of(0)),
      ecdsa(small, new Uint8Array()),
      ecdsa(small, new Uint8Array(34).fill(1)),
      ecdsa(small),
      ecdsa(small, small, small),
      joined(ecdsa(small, small), small),
    ]) {
      const parsing = (): unknown => parseSshSignature(blob, "ecdsa-sha2-nistp256");
      assert.throws(parsing, malformed, formatHex(blob));
    }
  });

  test("takes only the signature of the key's own kind", () => {
    const ed25519 = joined(text("ssh-ed25519"), formatString(new Uint8Array(64)));
    assert.equal(parseSshSignature(ed25519, "ed25519").byteLength, 64);
    assert.throws(() => parseSshSignature(ed25519, "ecdsa-sha2-nistp256"), malformed);
    assert.throws(() => parseSshSignature(ecdsa(number, number), "ed25519"), malformed);
    assert.throws(() => parseSshSignature(ed25519, "rsassa-pss-sha256"), malformed);
    const short = joined(text("ssh-ed25519"), formatString(new Uint8Array(63)));
    assert.throws(() => parseSshSignature(short, "ed25519"), malformed);
  });
});
