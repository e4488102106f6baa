/** Small wheels by the thousand: complete (METADATA, WHEEL, RECORD), stored uncompressed, the same bytes each time. */

import { open } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import { createHash, sha256Hex } from "#crypto/hash.ts";

export type Wheel = {
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
};

/** A member: `block`, `repeat` times. */
type Entry = { readonly name: string; readonly block: Uint8Array; readonly repeat: number };

/** `payload` becomes a data file of the package. */
export function buildWheel(project: string, version: string, payload?: Uint8Array): Wheel {
  const entries = wheelEntries(project, version, payload, 1);
  const bytes = Buffer.concat([...zipParts(entries)]);
  return { ...nameWheel(project, version), sha256: sha256Hex(bytes), bytes };
}

/** `count` versions of one project: 0.0.0, 0.0.1, … */
export function buildWheels(project: string, count: number, from = 0): Wheel[] {
  return Array.from({ length: count }, (_, i) => buildWheel(project, versionOf(from + i)));
}

export type WheelFile = Omit<Wheel, "bytes"> & { readonly file: string; readonly size: number };

/** A wheel whose payload is `block` repeated, written without holding it in memory. */
export async function writeLargeWheel(
  folder: string,
  project: string,
  block: Uint8Array,
  repeat: number,
): Promise<WheelFile> {
  const named = nameWheel(project, "1.0");
  const file = path.join(folder, named.filename);
  const hash = createHash("sha256");
  let size = 0;
  const out = await open(file, "w");
  for (const part of zipParts(wheelEntries(project, named.version, block, repeat))) {
    hash.update(part);
    size += part.length;
    await out.writeFile(part);
  }
  await out.close();
  return { ...named, sha256: hash.digestHex(), file, size };
}

function nameWheel(
  project: string,
  version: string,
): Pick<Wheel, "project" | "version" | "filename"> {
  const filename = `${project.replaceAll("-", "_")}-${version}-py3-none-any.whl`;
  return { project, version, filename };
}

function versionOf(index: number): string {
  return `${Math.floor(index / 10_000)}.${Math.floor(index / 100) % 100}.${index % 100}`;
}

function wheelEntries(
  project: string,
  version: string,
  payload: Uint8Array | undefined,
  repeat: number,
): Entry[] {
  const underscored = project.replaceAll("-", "_");
  const info = `${underscored}-${version}.dist-info`;
  const entries: Entry[] = [
    text(`${underscored}/__init__.py`, `"""${project}"""\n\nversion = "${version}"\n`),
    ...(payload === undefined
      ? []
      : [{ name: `${underscored}/payload.bin`, block: payload, repeat }]),
    text(
      `${info}/METADATA`,
      `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\nSummary: A package of the bench\nRequires-Python: >=3.8\n\nA package of the bench.\n`,
    ),
    text(
      `${info}/WHEEL`,
      "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ),
  ];
  const record = entries.map(recordLine).join("");
  return [...entries, text(`${info}/RECORD`, `${record}${info}/RECORD,,\n`)];
}

function text(name: string, content: string): Entry {
  return { name, block: Buffer.from(content), repeat: 1 };
}

function recordLine({ name, block, repeat }: Entry): string {
  const hash = createHash("sha256");
  for (let i = 0; i < repeat; i += 1) hash.update(block);
  const digest = Buffer.from(hash.digestHex(), "hex").toString("base64url");
  return `${name},sha256=${digest},${block.length * repeat}\n`;
}

/** APPNOTE 4.3: local headers with the data, the central directory, its end. */
function* zipParts(entries: readonly Entry[]): Generator<Uint8Array> {
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, block, repeat } of entries) {
    const size = block.length * repeat;
    let crc = 0;
    for (let i = 0; i < repeat; i += 1) crc = crc32(block, crc);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0); // version needed
    shared.writeUInt16LE(0x0800, 2); // UTF-8 names
    shared.writeUInt16LE(0x21, 8); // 1980-01-01
    shared.writeUInt32LE(crc, 10);
    shared.writeUInt32LE(size, 14);
    shared.writeUInt32LE(size, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    yield Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), shared, Buffer.from(name)]);
    for (let i = 0; i < repeat; i += 1) yield block;
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(0o100644 * 0x10000, 6); // regular file
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.from("PK\u0001\u0002\u0014\u0003", "latin1"), shared, tail);
    central.push(Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + size;
  }
  yield* central;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(
    central.reduce((sum, part) => sum + part.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  yield end;
}
