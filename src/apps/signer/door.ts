/**
 * The signer's one door: HTTP over a Unix socket (design 3). Everything that comes in is bounded, parsed strictly and
 * handed to the publisher; nothing here decides anything.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseBackupRequest } from "#formats/door/backup-request.ts";
import { formatChangeResult, formatPagePointers, parseChange } from "#formats/door/change-json.ts";
import { doorLimits } from "#formats/door/limits.ts";
import {
  formatCurrentOfflineMetadata,
  parseOfflineMetadata,
} from "#formats/door/offline-metadata.ts";
import { formatSignerStatus } from "#formats/door/signer-status.ts";
import { FormatError } from "#formats/format-error.ts";
import { RefusedError, TrustError, UnavailableError } from "#core/errors.ts";
import type { Publisher } from "#core/publication/publisher.ts";

export type DoorPorts = {
  readonly publisher: Publisher;
  /** Writes a copy of the database into this folder, an absolute path. */
  readonly backup: (folder: string) => Promise<void>;
  /** An error that nobody expected. */
  readonly report: (error: unknown) => void;
};

/** Longer than a visitor keeps an idle connection, so that it is the visitor who closes it. */
const keepAliveMs = 75_000;

export function createDoor(ports: DoorPorts): Server {
  const server = createServer((request, response) => void answer(ports, request, response));
  server.keepAliveTimeout = keepAliveMs;
  return server;
}

type Answer = { readonly status: number; readonly body: Uint8Array };

async function answer(
  ports: DoorPorts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let said: Answer;
  try {
    said = await route(ports, request);
  } catch (error) {
    said = refusal(error);
    if (said.status === 500) ports.report(error);
  }
  const { body, status } = said;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.byteLength,
  });
  response.end(body);
  // What was not read of a refused request would be taken for the next one.
  if (!request.complete) request.destroy();
}

async function route(ports: DoorPorts, request: IncomingMessage): Promise<Answer> {
  const address = `http://signer${request.url ?? "/"}`;
  if (!URL.canParse(address)) throw notFound();
  const url = new URL(address);
  switch (`${request.method} ${url.pathname}`) {
    case "POST /v1/changes": {
      const change = parseChange(await readBody(request, doorLimits.changeSizeMax));
      return good(formatChangeResult(await ports.publisher.submit(change)));
    }
    case "GET /v1/pages": {
      const after = readNatural(url, "after", 0);
      const limit = Math.min(readNatural(url, "limit", 1_000), doorLimits.pagesMax);
      return good(formatPagePointers(await ports.publisher.readPages(after, limit)));
    }
    case "GET /v1/status":
      return good(formatSignerStatus(ports.publisher.status()));
    case "GET /v1/metadata":
      return good(formatCurrentOfflineMetadata(await ports.publisher.currentOffline()));
    case "POST /v1/metadata": {
      const metadata = parseOfflineMetadata(await readBody(request, doorLimits.metadataSizeMax));
      await ports.publisher.submitOffline(metadata);
      return good(formatUtf8("{}"));
    }
    case "POST /v1/backup": {
      const { dir } = parseBackupRequest(await readBody(request, doorLimits.requestSizeMax));
      await ports.backup(dir);
      return good(formatUtf8("{}"));
    }
    default:
      throw notFound();
  }
}

function notFound(): RefusedError {
  return new RefusedError("request.not-found", "Cannot answer: there is no such thing here");
}

function good(body: Uint8Array): Answer {
  return { status: 200, body };
}

async function readBody(request: IncomingMessage, sizeMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.byteLength;
    if (size > sizeMax) {
      throw new RefusedError("request.too-large", `Cannot read more than ${sizeMax} bytes`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function readNatural(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new FormatError("json.type", `Cannot read ${name}: expected a number`, name);
}

/** The code and the sentence; the visitor shows or logs them. */
function refusal(error: unknown): Answer {
  if (error instanceof RefusedError || error instanceof TrustError) {
    return problem(statusOf(error.code), error.code, error.message);
  }
  if (error instanceof FormatError) return problem(400, error.code, error.message);
  if (error instanceof UnavailableError) return problem(503, error.code, error.message);
  return problem(500, "signer.failed", "The signer failed; its log says why");
}

function statusOf(code: string): number {
  if (code === "request.not-found") return 404;
  return code === "request.too-large" ? 413 : 422;
}

function problem(status: number, code: string, message: string): Answer {
  return { status, body: formatUtf8(JSON.stringify({ code, message })) };
}
