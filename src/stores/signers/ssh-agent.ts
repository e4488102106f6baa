/**
 * Keys in an SSH agent, or in hardware behind one. One connection for each question; what an agent may answer is bounded
 * in size and time, and a signature is verified before anybody sees it.
 */
import { createConnection } from "node:net";
import type { Socket } from "node:net";
import type { Signer } from "#crypto/signer.ts";
import {
  agentMessageSizeMax,
  formatAgentFrame,
  formatIdentitiesRequest,
  formatSignRequest,
  parseAgentFrameSize,
  parseIdentitiesAnswer,
  parseSignAnswer,
} from "#formats/ssh/agent-message.ts";
import { parseSshSignature } from "#formats/ssh/signature.ts";
import { malformed } from "#formats/ssh/wire.ts";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import { checkedSigner } from "#core/keys/checked-signer.ts";
import { chooseIdentity } from "#core/keys/choose-identity.ts";
import type { ChosenIdentity } from "#core/keys/choose-identity.ts";
import type { Timer } from "#core/ports.ts";

export type AgentPorts = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timer: Timer;
};

/** An agent may ask to be unlocked first. */
const listMsMax = 60_000;
/** Somebody has to find the token, touch it, or type its PIN. */
const signMsMax = 300_000;
const headSize = 4;

/**
 * Throws UnavailableError `agent.unreachable`, `agent.timeout`; RefusedError `agent.refused` and as `chooseIdentity`;
 * FormatError `ssh.malformed`, `bytes.utf8`.
 */
export async function openAgentSigner(
  fingerprint: string | undefined,
  ports: AgentPorts,
): Promise<Signer> {
  const path = ports.env["SSH_AUTH_SOCK"] ?? "";
  if (path === "") {
    throw new UnavailableError(
      "agent.unreachable",
      "Cannot reach an SSH agent: SSH_AUTH_SOCK is not set; start one with `eval $(ssh-agent)`",
    );
  }
  const agent: Agent = { path, timer: ports.timer };
  const answer = await askAgent(agent, formatIdentitiesRequest(), listMsMax);
  const identities = parseIdentitiesAnswer(answer);
  if (identities === undefined) {
    throw new RefusedError(
      "agent.refused",
      "Cannot use the SSH agent: it does not list its keys; it may be locked (`ssh-add -X`)",
    );
  }
  const chosen = chooseIdentity(identities, fingerprint);
  return checkedSigner(chosen.publicKey, `the SSH agent's key ${chosen.fingerprint}`, (message) =>
    signWithAgent(agent, chosen, message),
  );
}

type Agent = { readonly path: string; readonly timer: Timer };

async function signWithAgent(
  agent: Agent,
  { blob, fingerprint, publicKey }: ChosenIdentity,
  message: Uint8Array,
): Promise<Uint8Array> {
  const request = formatSignRequest(blob, message);
  if (request.byteLength > agentMessageSizeMax) {
    throw new RefusedError(
      "agent.too-large",
      `Cannot sign ${message.byteLength} bytes with an SSH agent: agents take ${agentMessageSizeMax}; use a key of another kind for this role`,
    );
  }
  const signature = parseSignAnswer(await askAgent(agent, request, signMsMax));
  if (signature === undefined) {
    throw new RefusedError(
      "agent.refused",
      `Cannot sign with the SSH agent's key ${fingerprint}: the agent refuses, or whoever was asked did`,
    );
  }
  return parseSshSignature(signature, publicKey.scheme);
}

/** One message there, one back. */
function askAgent({ path, timer }: Agent, message: Uint8Array, msMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const end = (finish: () => void): void => {
      cancel();
      socket.destroy();
      finish();
    };
    const cancel = timer(msMax, () => end(() => reject(timedOut(msMax))));
    socket.once("error", (error) => end(() => reject(unreachable(path, error))));
    socket.once("connect", () => socket.write(formatAgentFrame(message)));
    onAnswer(socket, {
      accept: (answer) => end(() => resolve(answer)),
      refuse: (error) => end(() => reject(error)),
    });
  });
}

type AnswerListener = {
  accept(answer: Uint8Array): void;
  refuse(error: unknown): void;
};

function onAnswer(socket: Socket, { accept, refuse }: AnswerListener): void {
  let received: Uint8Array = new Uint8Array();
  const take = (chunk: Uint8Array): void => {
    received = Buffer.concat([received, chunk]);
    if (received.byteLength < headSize) return;
    const end = headSize + parseAgentFrameSize(received.subarray(0, headSize));
    if (received.byteLength > end) throw malformed("the SSH agent's answer", "bytes follow it");
    if (received.byteLength === end) accept(received.subarray(headSize));
  };
  socket.on("data", (chunk: Uint8Array) => {
    try {
      take(chunk);
    } catch (error) {
      refuse(error);
    }
  });
  socket.once("end", () => refuse(malformed("the SSH agent's answer", "it ends too early")));
}

function unreachable(path: string, error: Error): UnavailableError {
  return new UnavailableError(
    "agent.unreachable",
    `Cannot reach the SSH agent at ${path}: ${error.message}`,
    error,
  );
}

function timedOut(msMax: number): UnavailableError {
  return new UnavailableError(
    "agent.timeout",
    `Cannot use the SSH agent: it has not answered within ${msMax / 1000} seconds`,
  );
}
