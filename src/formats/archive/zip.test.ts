import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { buildZip, zipExtraField } from "#world/zip-builder.ts";
import type { ZipOptions, ZipPart } from "#world/zip-builder.ts";
import { byteSourceOf, readAhead } from "./byte-source.ts";
import { archiveLimits } from "./limits.ts";
import type { ArchiveLimits } from "./limits.ts";
import { openZip, readSmallZipMember, readZipMember } from "./zip.ts";

async function readAll(bytes: Uint8Array, limits: ArchiveLimits): Promise<Map<string, string>> {
  const zip = await openZip(readAhead(byteSourceOf(bytes), limits.readSize), limits);
  const contents = new Map<string, string>();
  for (const member of zip.members) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readZipMember(zip, member)) chunks.push(chunk);
    contents.set(`${member.kind} ${member.path}`, Buffer.concat(chunks).toString());
  }
  return contents;
}

function read(
  parts: readonly ZipPart[],
  options: ZipOptions & { readonly limits?: Partial<ArchiveLimits> } = {},
): Promise<Map<string, string>> {
  return readAll(buildZip(parts, options), { ...archiveLimits, ...options.limits });
}

const honest: readonly ZipPart[] = [
  { name: "a/", mode: 0o040755 },
  { name: "a/one.txt", data: "one ".repeat(1000) },
  { name: "a/two.txt", data: "two", method: 0 },
  { name: "a/é.txt", data: "three", descriptor: true },
  { name: "empty", data: "", method: 8 },
];

test("openZip() and readZipMember() read stored, deflated, streamed and empty members and folders", async () => {
  for (const options of [{}, { zip64: true }]) {
    assert.deepEqual(
      [...(await read(honest, options))],
      [
        ["folder a", ""],
        ["file a/one.txt", "one ".repeat(1000)],
        ["file a/two.txt", "two"],
        ["file a/é.txt", "three"],
        ["file empty", ""],
      ],
    );
  }
});

test("readZipMember() streams what is too large for one go, in reads of any size", async () => {
  const data = Buffer.alloc(3_000_000, "0123456789abcdef\n");
  for (const readSize of [1_000, 65_536]) {
    const contents = await read([{ name: "large", data }], { limits: { readSize } });
    assert.ok(contents.get("file large") === data.toString());
  }
});

test("readZipMember() takes sizes from zip64 fields", async () => {
  const data = "long ".repeat(100);
  const packed = deflateRawSync(data).length;
  const sizes = Buffer.alloc(16);
  sizes.writeBigUInt64LE(BigInt(data.length), 0);
  sizes.writeBigUInt64LE(BigInt(packed), 8);
  const open = { compressedSize: 0xffffffff, size: 0xffffffff, extra: zipExtraField(1, sizes) };
  assert.equal((await read([{ name: "a", data, local: open, central: open }])).get("file a"), data);
  assert.equal((await read([{ name: "a", data, local: open }])).get("file a"), data);
  sizes.writeBigUInt64LE(1n, 0);
  const lie = { ...open, extra: zipExtraField(1, sizes) };
  await assert.rejects(read([{ name: "a", data, local: lie }]), {
    code: "archive.header-mismatch",
  });
});

test("readZipMember() takes data descriptors in all four forms and refuses wrong ones", async () => {
  const data = "text";
  const packed = deflateRawSync(data).length;
  const short = Buffer.alloc(12);
  const long = Buffer.alloc(20);
  for (const descriptor of [short, long]) descriptor.writeUInt32LE(crc32(data), 0);
  short.writeUInt32LE(packed, 4);
  short.writeUInt32LE(data.length, 8);
  long.writeBigUInt64LE(BigInt(packed), 4);
  long.writeBigUInt64LE(BigInt(data.length), 12);
  const signature = Buffer.from("PK\x07\x08", "latin1");
  for (const form of [short, long]) {
    for (const descriptor of [form, Buffer.concat([signature, form])]) {
      assert.equal((await read([{ name: "a", data, descriptor }])).get("file a"), data);
      const wrong = Buffer.from(descriptor);
      wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
      await assert.rejects(read([{ name: "a", data, descriptor: wrong }]), {
        code: "archive.header-mismatch",
      });
    }
  }
});

type Hostile = readonly [
  what: string,
  code: string,
  ZipPart[],
  options?: Parameters<typeof read>[1],
];

const text = "text";
const hostile: readonly Hostile[] = [
  ["climbs out", "archive.traversal", [{ name: "a/../../x" }]],
  ["climbs out at once", "archive.traversal", [{ name: "../x" }]],
  ["absolute", "archive.absolute-name", [{ name: "/etc/passwd" }]],
  ["drive letter", "archive.absolute-name", [{ name: "C:/x" }]],
  ["drive-relative", "archive.absolute-name", [{ name: "c:x" }]],
  ["backslash", "archive.name", [{ name: "a\\..\\x" }]],
  ["NUL in the name", "archive.name", [{ name: "a.py\0.txt" }]],
  ["line break in the name", "archive.name", [{ name: "a\n" }]],
  ["no name", "archive.name", [{ name: "" }]],
  ["only a slash", "archive.name", [{ name: "/" }]],
  ["empty part", "archive.name", [{ name: "a//b" }]],
  ["dot part", "archive.name", [{ name: "a/./b" }]],
  ["name not UTF-8", "archive.name", [{ name: Buffer.from([0x61, 0xff]) }]],
  [
    "name not marked as UTF-8",
    "archive.name",
    [{ name: "é", local: { flags: 0 }, central: { flags: 0 } }],
  ],
  ["name too long", "archive.name", [{ name: "a/".repeat(600) + "b" }]],
  ["part too long", "archive.name", [{ name: "a".repeat(256) }]],
  ["duplicate", "archive.duplicate", [{ name: "a" }, { name: "a", data: text }]],
  ["duplicate folder", "archive.duplicate", [{ name: "a/" }, { name: "a/" }]],
  ["file and folder", "archive.duplicate", [{ name: "a" }, { name: "a/" }]],
  ["file inside a file", "archive.duplicate", [{ name: "a" }, { name: "a/b" }]],
  ["folder turned file", "archive.duplicate", [{ name: "a/b" }, { name: "a" }]],
  ["duplicate by composition", "archive.duplicate", [{ name: "é" }, { name: "e\u0301" }]],
  ["device", "archive.device", [{ name: "a", mode: 0o020644 }]],
  ["pipe", "archive.device", [{ name: "a", mode: 0o010644 }]],
  ["folder by mode only", "archive.corrupt", [{ name: "a", mode: 0o040755 }]],
  ["folder with contents", "archive.corrupt", [{ name: "a/", data: text }]],
  ["encrypted", "archive.encrypted", [{ name: "a", local: { flags: 1 }, central: { flags: 1 } }]],
  [
    "strongly encrypted",
    "archive.encrypted",
    [{ name: "a", local: { flags: 0x2000 }, central: { flags: 0x2000 } }],
  ],
  [
    "unknown method",
    "archive.compression",
    [{ name: "a", data: text, local: { method: 12 }, central: { method: 12 } }],
  ],
  ["another name in front", "archive.header-mismatch", [{ name: "a", local: { name: "b" } }]],
  ["other flags", "archive.header-mismatch", [{ name: "a", local: { flags: 0x800 } }]],
  [
    "other method",
    "archive.header-mismatch",
    [{ name: "a", data: text, method: 0, local: { method: 8 } }],
  ],
  ["other size", "archive.header-mismatch", [{ name: "a", data: text, local: { size: 9 } }]],
  [
    "other packed size",
    "archive.header-mismatch",
    [{ name: "a", data: text, local: { compressedSize: 1 } }],
  ],
  ["other checksum", "archive.header-mismatch", [{ name: "a", data: text, local: { crc32: 1 } }]],
  [
    "two sizes stored",
    "archive.header-mismatch",
    [{ name: "a", data: text, method: 0, local: { size: 3 }, central: { size: 3 } }],
  ],
  [
    "second name in front",
    "archive.header-mismatch",
    [{ name: "a", local: { extra: zipExtraField(0x7075, Buffer.from("\u0001....b")) } }],
  ],
  [
    "second name in the directory",
    "archive.header-mismatch",
    [{ name: "a", central: { extra: zipExtraField(0x7075, Buffer.from("\u0001....b")) } }],
  ],
  [
    "second name cut short",
    "archive.header-mismatch",
    [{ name: "a", local: { extra: zipExtraField(0x7075, Buffer.from("x")) } }],
  ],
  [
    "two zip64 fields",
    "archive.header-mismatch",
    [
      {
        name: "a",
        local: {
          extra: Buffer.concat([
            zipExtraField(1, Buffer.alloc(16)),
            zipExtraField(1, Buffer.alloc(16, 1)),
          ]),
        },
      },
    ],
  ],
  [
    "larger than it says",
    "archive.corrupt",
    [{ name: "a", data: "x".repeat(100), local: { size: 50 }, central: { size: 50 } }],
  ],
  [
    "smaller than it says",
    "archive.corrupt",
    [{ name: "a", data: "x".repeat(100), local: { size: 200 }, central: { size: 200 } }],
  ],
  [
    "wrong checksum",
    "archive.corrupt",
    [{ name: "a", data: text, local: { crc32: 1 }, central: { crc32: 1 } }],
  ],
  [
    "not deflated",
    "archive.corrupt",
    [{ name: "a", data: text, compressed: Buffer.from([255, 255]) }],
  ],
  [
    "deflated data cut short",
    "archive.corrupt",
    [{ name: "a", data: text, compressed: deflateRawSync(text).subarray(0, -2) }],
  ],
  [
    "bytes after the deflated data",
    "archive.corrupt",
    [
      {
        name: "a",
        data: text,
        compressed: Buffer.concat([deflateRawSync(text), Buffer.from("x")]),
      },
    ],
  ],
  [
    "two members over each other",
    "archive.header-mismatch",
    [
      { name: "a", data: text },
      { name: "b", data: text, central: { headerOffset: 0 } },
    ],
  ],
  ["no member at the start", "archive.junk", [{ name: "a", central: { headerOffset: 9 } }]],
  [
    "a member outside",
    "archive.junk",
    [{ name: "a" }, { name: "b", central: { headerOffset: 900 } }],
  ],
  [
    "bytes between members",
    "archive.junk",
    [{ name: "a", after: Buffer.from("PK") }, { name: "b" }],
  ],
  ["bytes before the directory", "archive.junk", [{ name: "a", after: Buffer.from("x") }]],
  ["bytes in front", "archive.junk", [{ name: "a" }], { prefix: Buffer.from("#!/bin/sh\n") }],
  ["bytes behind", "archive.junk", [{ name: "a" }], { suffix: Buffer.from("\n") }],
  ["a comment", "archive.junk", [{ name: "a" }], { comment: Buffer.from("hello") }],
  [
    "another zip behind",
    "archive.junk",
    [{ name: "a" }],
    { suffix: buildZip([{ name: "b", data: text }]) },
  ],
  [
    "fewer members than in the directory",
    "archive.junk",
    [{ name: "a" }, { name: "b" }],
    { end: { count: 1 } },
  ],
  ["more members than in the directory", "archive.corrupt", [{ name: "a" }], { end: { count: 2 } }],
  ["directory of another size", "archive.junk", [{ name: "a" }], { end: { size: 3 } }],
  ["directory elsewhere", "archive.junk", [{ name: "a" }], { end: { offset: 0 } }],
  ["directory far outside", "archive.junk", [{ name: "a" }], { end: { offset: 0xfffffff0 } }],
  [
    "directory outside any file",
    "archive.junk",
    [{ name: "a" }],
    { zip64: true, end: { offset: 2 ** 52 } },
  ],
  [
    "too many members",
    "archive.entries",
    [{ name: "a" }, { name: "b" }, { name: "c" }],
    { limits: { entriesMax: 2 } },
  ],
  ["too many folders", "archive.entries", [{ name: "a/b/c/d" }], { limits: { foldersMax: 2 } }],
  [
    "a bomb",
    "archive.bomb",
    [{ name: "a", data: Buffer.alloc(1_000_000) }],
    { limits: { ratioFreeSize: 1000 } },
  ],
  [
    "too large unpacked",
    "archive.size",
    [
      { name: "a", data: Buffer.alloc(600) },
      { name: "b", data: Buffer.alloc(600) },
    ],
    { limits: { inflatedSizeMax: 1000 } },
  ],
];

for (const [what, code, parts, options] of hostile) {
  test(`a zip is refused: ${what}`, async () => {
    await assert.rejects(read(parts, options), { name: "FormatError", code });
  });
}

test("a lie about the size of a large member is found before more than that is unpacked", async () => {
  const data = Buffer.alloc(4_000_000, "a");
  const said = { size: 2_000_000 };
  await assert.rejects(read([{ name: "a", data, local: said, central: said }]), {
    code: "archive.corrupt",
  });
});

test("bytes after the data of a large member are found", async () => {
  const data = Buffer.alloc(2_000_000, "abc");
  const compressed = Buffer.concat([deflateRawSync(data), Buffer.from("hidden")]);
  await assert.rejects(read([{ name: "a", data, compressed }]), { code: "archive.junk" });
});

test("readSmallZipMember() refuses what is not small", async () => {
  const zip = await openZip(byteSourceOf(buildZip([{ name: "a", data: "12345" }])), archiveLimits);
  const [member] = zip.members;
  assert.ok(member !== undefined);
  await assert.rejects(readSmallZipMember(zip, member, 4), { code: "archive.size" });
  assert.equal(Buffer.from(await readSmallZipMember(zip, member, 5)).toString(), "12345");
});

test("a source that fails is not the archive's fault", async () => {
  const bytes = buildZip(honest);
  for (const failing of [1, 2, 3, 4, 5, 8]) {
    let reads = 0;
    const source = {
      size: bytes.length,
      read(offset: number, length: number): Promise<Uint8Array> {
        reads += 1;
        return reads === failing
          ? Promise.reject(new Error("disk on fire"))
          : Promise.resolve(bytes.subarray(offset, offset + length));
      },
    };
    const reading = openZip(source, archiveLimits).then(async (zip) => {
      for (const member of zip.members) {
        for await (const chunk of readZipMember(zip, member)) assert.ok(chunk.length >= 0);
      }
    });
    await assert.rejects(reading, { message: "disk on fire" }, `read ${failing}`);
  }
});
