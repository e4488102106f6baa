/** The signer's door as its visitor sees it: HTTP over a Unix socket, connections kept (design 3). */
import { Agent, request } from "node:http";
import { UnavailableError } from "#core/errors.ts";
import type { SignerDoor } from "#core/releases/signer-door.ts";
import { formatBackupRequest } from "#formats/door/backup-request.ts";
import { formatChange, parseChangeResult, parsePagePointers } from "#formats/door/change-json.ts";
import type { ChangeResult } from "#formats/door/change.ts";
import { doorLimits } from "#formats/door/limits.ts";
import { parseSignerStatus } from "#formats/door/signer-status.ts";
import { FormatError } from "#formats/format-error.ts";

/** A change waits for its batch; after this long without an answer it is sent again. */
const changeMsMax = 300_000;
const questionMsMax = 30_000;
const backupMsMax = 3_600_000;
const connectionsMax = 256;

export type DoorAnswer = { readonly status: number; readonly body: Buffer };

export function createSignerDoor(socketPath: string): SignerDoor & { close(): void } {
  // As many stay open as there may be: a new one for each change of a burst would be let in one by one.
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connectionsMax,
    maxFreeSockets: connectionsMax,
  });
  const ask = (
    method: string,
    path: string,
    msMax: number,
    body?: Uint8Array,
  ): Promise<DoorAnswer> => askDoor({ agent, socketPath, method, path, timeout: msMax }, body);
  return {
    async sendChange(change) {
      const answer = await ask("POST", "/v1/changes", changeMsMax, formatChange(change));
      if (answer.status >= 400 && answer.status < 500) return refusedAsked(change.id, answer);
      const result = read(answer, parseChangeResult);
      if (result.id === change.id) return result;
      throw unreachable("it answered another change than it was sent");
    },
    async readPages(after, limit) {
      const path = `/v1/pages?after=${after}&limit=${Math.min(limit, doorLimits.pagesMax)}`;
      return read(await ask("GET", path, questionMsMax), parsePagePointers);
    },
    async readStatus() {
      return read(await ask("GET", "/v1/status", questionMsMax), parseSignerStatus);
    },
    async backup(dir) {
      const answer = await ask("POST", "/v1/backup", backupMsMax, formatBackupRequest({ dir }));
      read(answer, () => undefined);
    },
    close: () => agent.destroy(),
  };
}

/** The signer could not even read it: sending it again would not help. */
function refusedAsked(id: string, answer: DoorAnswer): ChangeResult {
  const said = answer.body.toString("latin1", 0, 500);
  return {
    id,
    outcome: "refused",
    code: "change.malformed",
    message: `The signer cannot take this change: ${answer.status} ${said}`,
  };
}

function read<T>(answer: DoorAnswer, parse: (bytes: Uint8Array) => T): T {
  if (answer.status !== 200) {
    throw unreachable(`it answered ${answer.status} ${answer.body.toString("latin1", 0, 500)}`);
  }
  try {
    return parse(answer.body);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw unreachable(`its answer cannot be read: ${error.message}`, error);
  }
}

/** One question. Throws UnavailableError `signer.unreachable` when there is no answer. */
export function askDoor(
  options: {
    readonly agent: Agent;
    readonly socketPath: string;
    readonly method: string;
    readonly path: string;
    readonly timeout: number;
  },
  body: Uint8Array | undefined,
): Promise<DoorAnswer> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(body.byteLength) };
    const fail = (error: Error): void => reject(unreachable(error.message, error));
    const asking = request({ ...options, headers }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.byteLength;
        if (size > doorLimits.answerSizeMax) response.destroy(new Error("its answer is too long"));
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
      response.on("error", fail);
      response.on("close", () => fail(new Error("its answer was cut short")));
    });
    asking.on("timeout", () => asking.destroy(new Error("it does not answer")));
    asking.on("error", fail);
    asking.end(body);
  });
}

function unreachable(reason: string, cause?: unknown): UnavailableError {
  return new UnavailableError("signer.unreachable", `Cannot reach the signer: ${reason}`, cause);
}
