import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildTar, buildTarGz, paxPart } from "#world/tar-builder.ts";
import type { TarPart } from "#world/tar-builder.ts";
import { byteSourceOf } from "./byte-source.ts";
import { gunzip } from "./gzip.ts";
import { archiveLimits } from "./limits.ts";
import type { ArchiveLimits } from "./limits.ts";
import { readTarMembers } from "./tar.ts";

async function read(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}): Promise<string[]> {
  const bounds = { ...archiveLimits, ...limits };
  const members: string[] = [];
  const chunks = gunzip(byteSourceOf(bytes), bounds);
  for await (const member of readTarMembers(chunks, bounds, (path) => path.endsWith("KEEP"))) {
    const content =
      member.content === undefined ? "" : ` ${Buffer.from(member.content).toString()}`;
    members.push(`${member.kind} ${member.path}${content}`);
  }
  return members;
}

test("readTarMembers() reads files, folders, links, pax and GNU names", async () => {
  const long = `a/${"b".repeat(120)}/c`;
  const parts: readonly TarPart[] = [
    paxPart({ comment: "made by nobody" }, "g"),
    { name: "./", type: "5" },
    { name: "./a/", type: "5" },
    { name: "a/", type: "5" },
    { name: "a/KEEP", data: "kept" },
    { name: "a/skipped", data: "x".repeat(2000) },
    { name: "a/old", data: "x", type: "\0", magic: "" },
    paxPart({ path: long, mtime: "1.5", "SCHILY.xattr.user.x": "\u0001\n=" }),
    { name: "short", data: "x" },
    { name: "././@LongLink", type: "L", data: `${long}2\0` },
    { name: "short", data: "x", magic: "ustar  " },
    { name: "KEEP", prefix: "a/prefix", data: "!" },
    { name: "a/link", type: "2", linkTarget: "sub/file" },
    { name: "a/sub/back", type: "2", linkTarget: "../skipped" },
    { name: "a/hard", type: "1", linkTarget: "./a/skipped" },
  ];
  const expected = [
    ...["folder a", "folder a", "file a/KEEP kept", "file a/skipped", "file a/old"],
    ...[`file ${long}`, `file ${long}2`, "file a/prefix/KEEP !"],
    ...["link a/link", "link a/sub/back", "link a/hard"],
  ];
  assert.deepEqual(await read(buildTarGz(parts)), expected);
  assert.deepEqual(await read(buildTarGz(parts), { readSize: 7 }), expected);
});

test("readTarMembers() lets an archive end without its zeros, or with many", async () => {
  for (const size of [0, 512, 20_000]) {
    const parts = [{ name: "a", data: "x" }];
    assert.deepEqual(await read(buildTarGz(parts, Buffer.alloc(size))), ["file a"]);
  }
});

test("gunzip() reads headers with every field and lets zeros follow", async () => {
  const plain = gzipSync(buildTar([{ name: "a" }]));
  const head = Buffer.from([0x1f, 0x8b, 8, 2 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3]);
  const fields = Buffer.from("\x03\0abcname\0comment\0\xaa\xbb", "latin1");
  const bytes = Buffer.concat([head, fields, plain.subarray(10), Buffer.alloc(700)]);
  assert.deepEqual(await read(bytes), ["file a"]);
});

const hostile: readonly (readonly [
  what: string,
  code: string,
  parts: readonly TarPart[],
  limits?: Partial<ArchiveLimits>,
])[] = [
  ["climbs out", "archive.traversal", [{ name: "a/../../x" }]],
  ["climbs out by pax", "archive.traversal", [paxPart({ path: "../x" }), { name: "a" }]],
  [
    "climbs out by a long name",
    "archive.traversal",
    [{ name: "L", type: "L", data: "../x\0" }, { name: "a" }],
  ],
  ["climbs out by a prefix", "archive.traversal", [{ name: "x", prefix: ".." }]],
  ["absolute", "archive.absolute-name", [{ name: "/etc/passwd" }]],
  ["absolute after ./", "archive.name", [{ name: ".//./", type: "0" }]],
  ["drive letter", "archive.absolute-name", [{ name: "C:x" }]],
  ["backslash", "archive.name", [{ name: "a\\b" }]],
  ["no name", "archive.name", [{ name: "" }]],
  ["control character by pax", "archive.name", [paxPart({ path: "a\nb" }), { name: "a" }]],
  ["NUL by pax", "archive.name", [paxPart({ path: "a\0b" }), { name: "a" }]],
  ["name not UTF-8", "archive.name", [{ name: Buffer.from([0xff, 0x61]) }]],
  ["name too long", "archive.name", [paxPart({ path: "a/".repeat(600) }), { name: "a" }]],
  ["file named as a folder", "archive.name", [{ name: "a/" }]],
  ["file twice", "archive.duplicate", [{ name: "a/x" }, { name: "a/x" }]],
  ["file twice, once with ./", "archive.duplicate", [{ name: "a/x" }, { name: "./a/x" }]],
  ["file and folder", "archive.duplicate", [{ name: "a/x" }, { name: "a/x/", type: "5" }]],
  [
    "file through a link",
    "archive.duplicate",
    [{ name: "a/l", type: "2", linkTarget: "b" }, { name: "a/l/x" }],
  ],
  ["link to outside", "archive.link", [{ name: "a/l", type: "2", linkTarget: "../x" }]],
  [
    "link to a file of the system",
    "archive.link",
    [{ name: "a/l", type: "2", linkTarget: "/etc/passwd" }],
  ],
  ["link to a drive", "archive.link", [{ name: "a/l", type: "2", linkTarget: "C:\\x" }]],
  ["link to nothing", "archive.link", [{ name: "a/l", type: "2", linkTarget: "" }]],
  ["link beside the top folder", "archive.link", [{ name: "l", type: "2", linkTarget: "x" }]],
  [
    "link through a link",
    "archive.link",
    [
      { name: "a/here", type: "2", linkTarget: "." },
      { name: "a/out", type: "2", linkTarget: "here/../.." },
    ],
  ],
  [
    "link to outside by pax",
    "archive.link",
    [paxPart({ linkpath: "../../x" }), { name: "a/l", type: "2", linkTarget: "y" }],
  ],
  [
    "link to outside by a long name",
    "archive.link",
    [
      { name: "K", type: "K", data: "/x\0" },
      { name: "a/l", type: "2", linkTarget: "y" },
    ],
  ],
  ["hard link to outside", "archive.link", [{ name: "a/l", type: "1", linkTarget: "../x" }]],
  [
    "hard link to what is not there",
    "archive.link",
    [{ name: "a/l", type: "1", linkTarget: "a/x" }],
  ],
  [
    "hard link to a link",
    "archive.link",
    [
      { name: "a/s", type: "2", linkTarget: "b" },
      { name: "a/l", type: "1", linkTarget: "a/s" },
    ],
  ],
  ["character device", "archive.device", [{ name: "a", type: "3" }]],
  ["block device", "archive.device", [{ name: "a", type: "4" }]],
  ["pipe", "archive.device", [{ name: "a", type: "6" }]],
  ["sparse file", "archive.corrupt", [{ name: "a", type: "S" }]],
  ["sparse file by pax", "archive.corrupt", [paxPart({ "GNU.sparse.name": "b" }), { name: "a" }]],
  ["folder with contents", "archive.corrupt", [{ name: "a/", type: "5", data: "x" }]],
  [
    "link with contents",
    "archive.corrupt",
    [{ name: "a/l", type: "2", linkTarget: "b", data: "x" }],
  ],
  ["two sizes", "archive.corrupt", [paxPart({ size: "1024" }), { name: "a", data: "" }]],
  ["a size that is none", "archive.corrupt", [paxPart({ size: "-1" }), { name: "a" }]],
  ["global name", "archive.corrupt", [paxPart({ path: "b" }, "g"), { name: "a" }]],
  ["two pax headers", "archive.corrupt", [paxPart({}), paxPart({ path: "b" }), { name: "a" }]],
  [
    "pax and GNU names",
    "archive.corrupt",
    [paxPart({ path: "b" }), { name: "L", type: "L", data: "c\0" }, { name: "a" }],
  ],
  ["pax header for nothing", "archive.corrupt", [{ name: "a" }, paxPart({ path: "b" })]],
  [
    "pax record without end",
    "archive.corrupt",
    [{ name: "p", type: "x", data: "99 path=b\n" }, { name: "a" }],
  ],
  [
    "pax record with two lengths",
    "archive.corrupt",
    [{ name: "p", type: "x", data: "8 path=bcd\n" }, { name: "a" }],
  ],
  [
    "pax record without =",
    "archive.corrupt",
    [{ name: "p", type: "x", data: "7 path\n" }, { name: "a" }],
  ],
  [
    "another character set",
    "archive.corrupt",
    [paxPart({ hdrcharset: "BINARY", path: "b" }), { name: "a" }],
  ],
  ["prefix outside ustar", "archive.corrupt", [{ name: "a", prefix: "b", magic: "ustar  " }]],
  ["wrong checksum", "archive.corrupt", [{ name: "a", checksumError: 1 }]],
  ["binary size", "archive.corrupt", [{ name: "a", size: "\x80\0\0\0\0\0\0\0\0\0\x01\0" }]],
  ["negative size", "archive.corrupt", [{ name: "a", size: "-0000000001\0" }]],
  ["more data than there is", "archive.corrupt", [{ name: "a", size: 5000 }]],
  [
    "a name after the end",
    "archive.junk",
    [{ name: "a" }, { name: "b", data: Buffer.alloc(0) }],
    { entriesMax: 100 },
  ],
  [
    "long pax header",
    "archive.corrupt",
    [paxPart({ comment: "x".repeat(2000) }), { name: "a" }],
    { extendedHeaderSizeMax: 1000 },
  ],
  [
    "too many members",
    "archive.entries",
    [{ name: "a" }, { name: "b" }, { name: "c" }],
    { entriesMax: 2 },
  ],
  [
    "endless headers",
    "archive.entries",
    Array.from({ length: 30 }, () => paxPart({ comment: "x" }, "g")),
    { entriesMax: 10 },
  ],
  [
    "a bomb",
    "archive.bomb",
    [{ name: "a", data: Buffer.alloc(1_000_000) }],
    { ratioFreeSize: 1000 },
  ],
  [
    "too large",
    "archive.size",
    [{ name: "a", data: Buffer.alloc(9000) }],
    { inflatedSizeMax: 8000 },
  ],
];

for (const [what, code, parts, limits] of hostile) {
  test(`a tar is refused: ${what}`, async () => {
    // The one case that is not about a member: an archive that goes on behind its end.
    const bytes =
      what === "a name after the end"
        ? new Uint8Array(
            gzipSync(Buffer.concat([buildTar(parts.slice(0, 1)), buildTar(parts.slice(1))])),
          )
        : buildTarGz(parts);
    await assert.rejects(read(bytes, limits), { name: "FormatError", code });
  });
}

test("a gzip file is refused: cut short, damaged, followed by anything, or none", async () => {
  const right = Buffer.from(buildTarGz([{ name: "a", data: "text ".repeat(500) }]));
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(right);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    return bytes;
  };
  const cases: readonly (readonly [Buffer, string])[] = [
    [right.subarray(0, 17), "archive.corrupt"],
    [right.subarray(0, right.length - 8), "archive.corrupt"],
    [right.subarray(0, right.length - 1), "archive.corrupt"],
    [right.subarray(0, right.length / 2), "archive.corrupt"],
    [flipped(0), "archive.corrupt"],
    [flipped(2), "archive.corrupt"],
    [flipped(3), "archive.corrupt"],
    [flipped(right.length - 1), "archive.corrupt"],
    [flipped(right.length - 5), "archive.corrupt"],
    [flipped(30), "archive.corrupt"],
    [Buffer.alloc(0), "archive.corrupt"],
    [Buffer.from(buildTar([{ name: "a" }])), "archive.corrupt"],
    [Buffer.concat([right, Buffer.from("x")]), "archive.junk"],
    [Buffer.concat([right, right]), "archive.junk"],
    [gzipSync(right), "archive.corrupt"],
  ];
  for (const [index, [bytes, code]] of cases.entries()) {
    await assert.rejects(
      read(new Uint8Array(bytes)),
      { name: "FormatError", code },
      `case ${index}`,
    );
  }
});

test("a reader that stops leaves nothing running", async () => {
  const bytes = buildTarGz([{ name: "a", data: Buffer.alloc(5_000_000, "ab\n") }, { name: "b" }]);
  for await (const member of readTarMembers(
    gunzip(byteSourceOf(bytes), archiveLimits),
    archiveLimits,
    () => false,
  )) {
    assert.equal(member.path, "a");
    break;
  }
});

test("a source that fails is not the archive's fault", async () => {
  const bytes = buildTarGz([{ name: "a", data: Buffer.alloc(5_000_000, "ab\n") }]);
  const limits = { ...archiveLimits, readSize: 1000 };
  let reads = 0;
  const source = {
    size: bytes.length,
    read(offset: number, length: number): Promise<Uint8Array> {
      reads += 1;
      return reads > 5
        ? Promise.reject(new Error("disk on fire"))
        : Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
  const reading = async (): Promise<void> => {
    for await (const member of readTarMembers(gunzip(source, limits), limits, () => false)) {
      assert.equal(member.path, "a");
    }
  };
  await assert.rejects(reading(), { message: "disk on fire" });
});
