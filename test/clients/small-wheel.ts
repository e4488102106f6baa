/**
 * Wheels small enough to be made by the hundred: one module whose `answer()` returns a number. Written out byte by byte
 * (stored, fixed time), so the same plan always gives the same bytes, and bytes can differ where a test wants them to.
 */
import { sha256, sha256Hex } from "#crypto/hash.ts";
import { crc32 } from "node:zlib";

export type WheelPlan = {
  readonly project: string;
  readonly version: string;
  readonly requires?: readonly string[];
  readonly answer?: number;
  /** So many bytes of ballast that does not compress. */
  readonly ballast?: number;
  /** The name of one more member, for instance one that leaves the folder it is unpacked to. */
  readonly extraMember?: string;
};

export type SmallWheel = {
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly metadata: Uint8Array;
};

type Member = { readonly name: string; readonly bytes: Uint8Array };

export function makeWheel(plan: WheelPlan): SmallWheel {
  const module = plan.project.replaceAll(/[-.]/g, "_");
  const stem = `${module}-${plan.version}`;
  const info = `${stem}.dist-info`;
  const requires = (plan.requires ?? []).map((text) => `Requires-Dist: ${text}\n`).join("");
  const metadata = utf8(
    `Metadata-Version: 2.1\nName: ${plan.project}\nVersion: ${plan.version}\nSummary: A small wheel\n${requires}`,
  );
  const members: Member[] = [
    { name: `${module}.py`, bytes: utf8(`def answer():\n    return ${plan.answer ?? 42}\n`) },
    { name: `${info}/METADATA`, bytes: metadata },
    {
      name: `${info}/WHEEL`,
      bytes: utf8(
        "Wheel-Version: 1.0\nGenerator: holdfast-test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
      ),
    },
  ];
  if (plan.ballast !== undefined) {
    members.push({ name: `${module}_ballast.bin`, bytes: makeBallast(plan.ballast, stem) });
  }
  if (plan.extraMember !== undefined) {
    members.push({ name: plan.extraMember, bytes: utf8("print('out')\n") });
  }
  const record = `${info}/RECORD`;
  const rows = members.map(({ name, bytes }) => `${name},sha256=${digest(bytes)},${bytes.length}`);
  members.push({ name: record, bytes: utf8(`${rows.join("\n")}\n${record},,\n`) });
  const bytes = zip(members);
  return {
    project: plan.project,
    version: plan.version,
    filename: `${stem}-py3-none-any.whl`,
    bytes,
    sha256: sha256Hex(bytes),
    metadata,
  };
}

/** Bytes that look random and are the same for the same name. */
function makeBallast(size: number, name: string): Uint8Array {
  const ballast = Buffer.alloc(size);
  let block = sha256(utf8(name));
  for (let offset = 0; offset < size; offset += block.length) {
    block = sha256(block);
    ballast.set(block.subarray(0, Math.min(block.length, size - offset)), offset);
  }
  return ballast;
}

function digest(bytes: Uint8Array): string {
  return Buffer.from(sha256(bytes)).toString("base64url");
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A zip of stored members (APPNOTE 4.3.7, 4.3.12, 4.3.16), dated 2020-01-01. */
function zip(members: readonly Member[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of members) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(0x5021_0000, 6);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), bytes]);
    const central = Buffer.alloc(14);
    // Made on Unix, an ordinary file that its owner may write.
    central.writeUInt32LE((0o100_644 << 16) >>> 0, 6);
    central.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02\x14\x03"), fields, central, Buffer.from(name)]),
    );
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}
