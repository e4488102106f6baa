/** The signer's door as a ceremony uses it: takes the offline roles away, brings them back signed. */
import { Agent } from "node:http";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import {
  formatOfflineMetadata,
  parseCurrentOfflineMetadata,
} from "#formats/door/offline-metadata.ts";
import type { CurrentOfflineMetadata, OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { FormatError } from "#formats/format-error.ts";
import { object, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { doorLimits } from "#formats/door/limits.ts";
import { parseSignerStatus } from "#formats/door/signer-status.ts";
import type { SignerStatus } from "#formats/door/signer-status.ts";
import { askDoor } from "#stores/host/signer-door.ts";
import type { DoorAnswer } from "#stores/host/signer-door.ts";

const msMax = 60_000;

export type CeremonyDoor = {
  readStatus(): Promise<SignerStatus>;
  readCurrent(): Promise<CurrentOfflineMetadata>;
  /** Answers when they are published. Throws RefusedError `metadata.refused`, UnavailableError `signer.unreachable`. */
  submit(metadata: OfflineMetadata): Promise<void>;
  close(): void;
};

export function createCeremonyDoor(socketPath: string): CeremonyDoor {
  const agent = new Agent();
  const ask = async (method: string, path: string, body?: Uint8Array): Promise<Uint8Array> =>
    bodyOf(await askDoor({ agent, socketPath, method, path, timeout: msMax }, body));
  return {
    readStatus: async () => parseSignerStatus(await ask("GET", "/v1/status")),
    readCurrent: async () => parseCurrentOfflineMetadata(await ask("GET", "/v1/metadata")),
    async submit(metadata) {
      await ask("POST", "/v1/metadata", formatOfflineMetadata(metadata));
    },
    close: () => agent.destroy(),
  };
}

function bodyOf({ body, status }: DoorAnswer): Uint8Array {
  if (status === 200) return body;
  const said = problemWords(body);
  if (status < 500) {
    throw new RefusedError("metadata.refused", `Cannot publish: the signer says ${said}`);
  }
  throw new UnavailableError("signer.unreachable", `Cannot publish: the signer says ${said}`);
}

/** The signer's own sentence where it gave one; whatever else answers, as it is. */
function problemWords(body: Buffer): string {
  const said = body.toString("utf8").slice(0, 500);
  const { answerSizeMax: sizeMax, depthMax } = doorLimits;
  try {
    const { code, message } = problem(parseJson(body, { sizeMax, depthMax }), "problem");
    return `"${message}" (${code})`;
  } catch (error) {
    if (error instanceof FormatError) return said;
    throw error;
  }
}

const problem = object({ code: string, message: string });
