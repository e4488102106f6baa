/**
 * A body that is answered again and again: its bytes, compressed once, and the header blocks of every answer it can
 * give, made once, so that answering is a lookup and two writes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { acceptsGzip } from "./accept.ts";
import { indexLimits } from "./limits.ts";
import type { PlainAnswer } from "./plain-reads.ts";

const compress = promisify(gzip);

export type RepresentationHead = {
  readonly contentType: string;
  readonly cacheControl: string;
  /** Names this body among all that this address ever answers; goes into the ETag. */
  readonly tag: string;
  readonly vary: string;
};

type Variant = {
  body: Uint8Array;
  readonly okHead: string[];
  readonly notModifiedHead: string[];
  /** The last whole answer; its end is `body`, so that nothing is held twice. */
  dated: (PlainAnswer & { readonly date: string }) | undefined;
};

export class Representation {
  readonly #head: RepresentationHead;
  readonly #plain: Variant;
  #gzipped: Variant | undefined;

  private constructor(head: RepresentationHead, plain: Variant, gzipped: Variant | undefined) {
    this.#head = head;
    this.#plain = plain;
    this.#gzipped = gzipped;
  }

  static async create(head: RepresentationHead, body: Uint8Array): Promise<Representation> {
    const plain = variantOf(head, body, undefined);
    if (body.byteLength < indexLimits.compressSizeMin) {
      return new Representation(head, plain, undefined);
    }
    const packed = await compress(body, { level: 7 });
    const gzipped = packed.byteLength < body.byteLength * 0.95 ? packed : undefined;
    return new Representation(head, plain, gzipped && variantOf(head, gzipped, "gzip"));
  }

  /** Bytes that keeping it costs. */
  get size(): number {
    const overhead = 2_048;
    return overhead + this.#plain.body.byteLength + (this.#gzipped?.body.byteLength ?? 0);
  }

  get plainBody(): Uint8Array {
    return this.#plain.body;
  }

  /** The whole answer to a plain GET. `date` is the Date header's text; the bytes are made anew when it changes. */
  plainAnswer(acceptEncoding: string | undefined, date: string): PlainAnswer {
    const gzipped = this.#gzipped;
    const variant = gzipped !== undefined && wantsGzip(acceptEncoding) ? gzipped : this.#plain;
    if (variant.dated?.date === date) return variant.dated;
    return (variant.dated = datedAnswer(variant, date));
  }

  /** Answers a GET or HEAD, and says with what. */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): { readonly status: number; readonly bytes: number } {
    const { headers } = request;
    const gzipped = this.#gzipped;
    const variant =
      gzipped !== undefined && wantsGzip(headers["accept-encoding"]) ? gzipped : this.#plain;
    const condition = headers["if-none-match"];
    if (condition !== undefined && (condition.includes(this.#head.tag) || condition === "*")) {
      response.writeHead(304, variant.notModifiedHead);
      response.end();
      return { status: 304, bytes: 0 };
    }
    response.writeHead(200, variant.okHead);
    if (request.method === "HEAD") {
      response.end();
      return { status: 200, bytes: 0 };
    }
    response.end(variant.body);
    return { status: 200, bytes: variant.body.byteLength };
  }
}

function variantOf(
  head: RepresentationHead,
  body: Uint8Array,
  encoding: string | undefined,
): Variant {
  const etag = `"${head.tag}${encoding === undefined ? "" : `-${encoding}`}"`;
  const always = ["ETag", etag, "Cache-Control", head.cacheControl, "Vary", head.vary];
  return {
    body: asBuffer(body),
    notModifiedHead: always,
    dated: undefined,
    okHead: [
      "Content-Type",
      head.contentType,
      "Content-Length",
      String(body.byteLength),
      ...(encoding === undefined ? [] : ["Content-Encoding", encoding]),
      ...always,
      "X-Content-Type-Options",
      "nosniff",
    ],
  };
}

function datedAnswer(variant: Variant, date: string): PlainAnswer & { readonly date: string } {
  const { okHead } = variant;
  let head = `HTTP/1.1 200 OK\r\nDate: ${date}\r\n`;
  for (let i = 0; i < okHead.length; i += 2) head += `${okHead[i]}: ${okHead[i + 1]}\r\n`;
  const bytes = Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), variant.body]);
  const bodySize = variant.body.byteLength;
  variant.body = bytes.subarray(bytes.byteLength - bodySize);
  return { bytes, bodySize, date };
}

/** node:http writes Buffers without copying them. */
function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function wantsGzip(acceptEncoding: string | undefined): boolean {
  // What nearly every client sends, without a parse.
  if (acceptEncoding === undefined || acceptEncoding === "identity") return false;
  if (acceptEncoding.startsWith("gzip,") || acceptEncoding === "gzip") return true;
  return acceptsGzip(acceptEncoding);
}
