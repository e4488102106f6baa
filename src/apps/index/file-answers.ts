/**
 * `/files/<project>/<sha256>/<filename>` and its `.metadata`: served only where this very binding of project, hash and
 * name is published. Immutable, with ranges for lazy readers and resumed downloads.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import type { FileEntry } from "#core/releases/catalogue.ts";
import { isHex } from "#formats/bytes/hex.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parseByteRange } from "./byte-range.ts";
import { ByteCache } from "./byte-cache.ts";
import type { Exchange, Headers } from "./exchange.ts";
import type { IndexPorts } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";

const metadataSuffix = ".metadata";

type FilePorts = Pick<IndexPorts, "files" | "logTrouble" | "releases">;

export class FileAnswers {
  readonly #ports: FilePorts;
  readonly #cacheControl: string;
  /** Metadata is small and read by every installer. */
  readonly #metadata = new ByteCache<Uint8Array>(indexLimits.pageCacheSize / 4);
  /** What was logged as damaged and has not been seen whole since. */
  readonly #damaged = new Set<string>();

  constructor(ports: FilePorts, cacheScope: "private" | "public") {
    this.#ports = ports;
    this.#cacheControl = `${cacheScope}, max-age=31536000, immutable`;
  }

  /** RefusedError `file.unknown` for every binding that is not published; UnavailableError `file.damaged`. */
  async answer(
    exchange: Exchange,
    project: ProjectName,
    sha256: string,
    filename: string,
  ): Promise<void> {
    if (!isHex(sha256, 32)) throw unknown(filename);
    const isMetadata = filename.endsWith(metadataSuffix);
    const name = isMetadata ? filename.slice(0, -metadataSuffix.length) : filename;
    const file = await this.#ports.releases.findFile(name);
    const isBound =
      file?.state === "published" && file.project === project && file.sha256 === sha256;
    if (file === undefined || !isBound) throw unknown(filename);
    if (isMetadata) await this.#answerMetadata(exchange, file);
    else await this.#answerFile(exchange, file);
  }

  async #answerMetadata(exchange: Exchange, file: FileEntry): Promise<void> {
    const { coreMetadata, sha256, filename } = file;
    if (coreMetadata === undefined) throw unknown(`${filename}${metadataSuffix}`);
    const bytes = this.#metadata.find(sha256) ?? (await this.#readMetadata(file, coreMetadata));
    const etag = `"${coreMetadata}"`;
    if (isNotModified(exchange, etag)) return this.#sendNotModified(exchange, etag);
    exchange.send(200, this.#headers(etag), bytes);
  }

  /** It is small, so that it is known whether these are the bytes that were published. */
  async #readMetadata({ filename, sha256 }: FileEntry, coreMetadata: string): Promise<Uint8Array> {
    const name = `${filename}${metadataSuffix}`;
    const bytes = await this.#ports.files.readMetadata(sha256);
    if (bytes === undefined) throw this.#damage(name, "it is gone");
    if (sha256Hex(bytes) !== coreMetadata) throw this.#damage(name, "its bytes were changed");
    this.#damaged.delete(name);
    this.#metadata.set(sha256, bytes, bytes.byteLength + 256);
    return bytes;
  }

  /** For the operator one line in the log, however many ask. */
  #damage(name: string, how: string): UnavailableError {
    const error = new UnavailableError(
      "file.damaged",
      `The stored file '${name}' is damaged: ${how}. The index's operator must restore it from a backup, or upload the same file again.`,
    );
    if (!this.#damaged.has(name)) this.#ports.logTrouble("A stored file is damaged", error);
    if (this.#damaged.size >= indexLimits.damagedMax) this.#damaged.clear();
    this.#damaged.add(name);
    return error;
  }

  async #answerFile(exchange: Exchange, file: FileEntry): Promise<void> {
    const { sha256, size } = file;
    const etag = `"${sha256}"`;
    if (isNotModified(exchange, etag)) return this.#sendNotModified(exchange, etag);
    const stored = await this.#ports.files.openFile(sha256);
    if (stored === undefined) throw this.#damage(file.filename, "it is gone");
    if (stored.size !== size) {
      const how = `it has ${stored.size} bytes instead of ${size}`;
      throw this.#damage(file.filename, how);
    }
    this.#damaged.delete(file.filename);
    const { headers } = exchange.request;
    const condition = headers["if-range"];
    const range =
      condition === undefined || condition === etag
        ? parseByteRange(headers.range, size)
        : undefined;
    if (range === "unsatisfiable") {
      exchange.response.setHeader("Content-Range", `bytes */${size}`);
      throw new RefusedError(
        "request.range",
        `The file has ${size} bytes; none are in this range.`,
      );
    }
    const { start, end } = range ?? { start: 0, end: size };
    exchange.response.writeHead(range === undefined ? 200 : 206, {
      ...this.#headers(etag),
      "Content-Length": String(end - start),
      ...(range !== undefined && { "Content-Range": `bytes ${start}-${end - 1}/${size}` }),
    });
    if (exchange.method === "HEAD") exchange.response.end();
    else await sendStream(exchange, stored.stream(start, end));
  }

  #headers(etag: string): Headers {
    return {
      "Content-Type": "application/octet-stream",
      "Cache-Control": this.#cacheControl,
      "Accept-Ranges": "bytes",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "sandbox; default-src 'none'",
      ETag: etag,
    };
  }

  #sendNotModified(exchange: Exchange, etag: string): void {
    exchange.response.writeHead(304, { ETag: etag, "Cache-Control": this.#cacheControl });
    exchange.response.end();
  }
}

/** Headers are sent: from here on an error can only cut the connection, which the client sees as too few bytes. */
async function sendStream(exchange: Exchange, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const { response } = exchange;
  for await (const chunk of stream) {
    if (response.destroyed) return;
    exchange.bytes += chunk.byteLength;
    await written(response, chunk);
  }
  response.end();
}

/** The chunk has left for the client, or the connection has ended: until then it may not be overwritten. */
function written(response: Exchange["response"], chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off("close", settle);
      resolve();
    };
    response.once("close", settle);
    response.write(chunk, settle);
  });
}

function isNotModified(exchange: Exchange, etag: string): boolean {
  const condition = exchange.request.headers["if-none-match"];
  return condition !== undefined && (condition === "*" || condition.includes(etag));
}

function unknown(filename: string): RefusedError {
  const shown = filename.slice(0, 260);
  return new RefusedError("file.unknown", `There is no published file '${shown}' at this address.`);
}
