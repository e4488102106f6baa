/** Raw deflate data (RFC 1951) out of a source, with nothing held but a few chunks. */
import { createInflateRaw, inflateRawSync } from "node:zlib";
import type { InflateRaw } from "node:zlib";
import { FormatError } from "#formats/format-error.ts";
import type { ByteSource } from "./byte-source.ts";

export type InflateRange = {
  readonly offset: number;
  /** Where the data may reach to; it may end before. */
  readonly end: number;
  readonly readSize: number;
};

/**
 * The unpacked bytes chunk by chunk, then how many packed bytes they took. The caller bounds the sum and may stop
 * reading at any time. `archive.corrupt` when the data is damaged or has no end within the range.
 */
export async function* inflate(
  source: ByteSource,
  range: InflateRange,
): AsyncGenerator<Uint8Array, number> {
  const inflater = createInflateRaw({ chunkSize: 64 * 1024 });
  const fed = feed(source, range, inflater);
  try {
    for await (const chunk of inflater) yield chunk;
    return inflater.bytesWritten;
  } catch (error) {
    throw isDeflateError(error) ? damaged() : error;
  } finally {
    inflater.destroy();
    await fed;
  }
}

/** All at once, for data known to be small. `archive.corrupt` unless it unpacks to exactly `size`, with nothing after. */
export function inflateSmall(bytes: Uint8Array, size: number): Uint8Array {
  try {
    const inflated = inflateRawSync(bytes, {
      maxOutputLength: Math.max(size, 1),
      rejectGarbageAfterEnd: true,
    });
    if (inflated.length === size) return inflated;
  } catch (error) {
    if (!isDeflateError(error)) throw error;
  }
  throw damaged();
}

/** Never rejects: what goes wrong here is thrown by the one who reads from the inflater. */
async function feed(source: ByteSource, range: InflateRange, inflater: InflateRaw): Promise<void> {
  // An inflater that has come to the end of its data, or was destroyed, never says that it is done with a chunk.
  let proceed = (): void => {};
  inflater.once("close", () => {
    proceed();
  });
  try {
    let at = range.offset;
    while (at < range.end && !inflater.destroyed) {
      const chunk = await source.read(at, Math.min(range.readSize, range.end - at));
      at += chunk.length;
      if (inflater.destroyed) return;
      await new Promise<void>((resolve) => {
        proceed = resolve;
        inflater.write(chunk, () => {
          resolve();
        });
      });
    }
    if (!inflater.destroyed) inflater.end();
  } catch (error) {
    inflater.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function isDeflateError(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  const { code } = error;
  return (
    typeof code === "string" &&
    (code.startsWith("Z_") ||
      code === "ERR_BUFFER_TOO_LARGE" ||
      code === "ERR_TRAILING_JUNK_AFTER_STREAM_END")
  );
}

function damaged(): FormatError {
  return new FormatError(
    "archive.corrupt",
    "Compressed data is damaged, cut short or of another size than stated",
  );
}
