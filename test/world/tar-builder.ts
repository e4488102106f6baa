/**
 * Tar archives made by hand, right by default and wrong wherever a test says so. Deterministic: no clock, one fixed date.
 */
import { gzipSync } from "node:zlib";

export type TarPart = {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  /** "0" a file (the default), "5" a folder, "1" and "2" links, "3" "4" "6" devices, "x" "g" "L" "K" extensions. */
  readonly type?: string;
  readonly linkTarget?: string;
  readonly prefix?: string;
  /** Instead of the data's own size; text is written as it is. */
  readonly size?: number | string;
  readonly magic?: string;
  /** Added to the checksum. */
  readonly checksumError?: number;
};

/** The parts, then two blocks of zeros (or `end`). */
export function buildTar(
  parts: readonly TarPart[],
  end: Uint8Array = new Uint8Array(1024),
): Uint8Array {
  const pieces = parts.flatMap((part) => {
    const data = Buffer.from(part.data ?? "");
    const padding = Buffer.alloc((512 - (data.length % 512)) % 512);
    return [headerOf(part, data.length), data, padding];
  });
  return new Uint8Array(Buffer.concat([...pieces, end]));
}

/** The same, compressed; the same bytes on every machine. */
export function buildTarGz(parts: readonly TarPart[], end?: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(buildTar(parts, end), { level: 6 }));
}

/** A pax header for the part after it. */
export function paxPart(records: Readonly<Record<string, string>>, type: "x" | "g" = "x"): TarPart {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const short = rest + String(rest).length;
    const length = rest + String(short).length;
    return `${length} ${key}=${value}\n`;
  });
  return { name: "PaxHeaders/header", type, data: lines.join("") };
}

function headerOf(part: TarPart, dataSize: number): Uint8Array {
  const header = Buffer.alloc(512);
  header.set(Buffer.from(part.name).subarray(0, 100), 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(sizeText(part.size ?? dataSize), 124);
  header.write("12744043200\0", 136);
  header.write(part.type ?? "0", 156, "latin1");
  header.write(part.linkTarget ?? "", 157, 100);
  header.write(part.magic ?? "ustar\x0000", 257, "latin1");
  header.write(part.prefix ?? "", 345, 155);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0) + (part.checksumError ?? 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function sizeText(size: number | string): string {
  return typeof size === "string" ? size : `${size.toString(8).padStart(11, "0")}\0`;
}
