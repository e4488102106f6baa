/** What is said to an SSH agent and what it answers (draft-ietf-sshm-ssh-agent, sections 3 and 5): four messages. */
import { SshReader, formatString, formatUint32, malformed } from "./wire.ts";

export type AgentIdentity = {
  /** The public key as SSH writes it. */
  readonly blob: Uint8Array;
  /** For people; from whoever added the key. */
  readonly comment: string;
};

/** Bytes of a message without its length: what OpenSSH's agent takes, and all that we take. */
export const agentMessageSizeMax = 262_144;

const types = {
  failure: 5,
  requestIdentities: 11,
  identitiesAnswer: 12,
  signRequest: 13,
  signResponse: 14,
} as const;

export function formatIdentitiesRequest(): Uint8Array {
  return Uint8Array.of(types.requestIdentities);
}

/** Without flags: they would only choose among RSA's hashes. */
export function formatSignRequest(blob: Uint8Array, data: Uint8Array): Uint8Array {
  const parts = [Uint8Array.of(types.signRequest), formatString(blob), formatString(data)];
  return Buffer.concat([...parts, formatUint32(0)]);
}

/** As it goes over the socket: the length, then the message. */
export function formatAgentFrame(message: Uint8Array): Uint8Array {
  return formatString(message);
}

/** The length that a frame announces in its first four bytes. Throws FormatError `ssh.malformed`. */
export function parseAgentFrameSize(head: Uint8Array): number {
  const size = new SshReader(head, answer).readUint32();
  if (size === 0) throw malformed(answer, "it is empty");
  if (size > agentMessageSizeMax) throw malformed(answer, "it is too long");
  return size;
}

/** undefined where the agent refuses. Throws FormatError `ssh.malformed`, `bytes.utf8`. */
export function parseIdentitiesAnswer(message: Uint8Array): readonly AgentIdentity[] | undefined {
  const reader = openAnswer(message, types.identitiesAnswer);
  if (reader === undefined) return undefined;
  const count = reader.readUint32();
  const identities: AgentIdentity[] = [];
  // A count that lies ends the message too early, or leaves bytes over.
  for (let at = 0; at < count; at++) {
    identities.push({ blob: reader.readString(), comment: reader.readText() });
  }
  reader.checkEnd();
  return identities;
}

/** A signature as SSH writes it; undefined where the agent, or the person at it, refuses. Throws as the other. */
export function parseSignAnswer(message: Uint8Array): Uint8Array | undefined {
  const reader = openAnswer(message, types.signResponse);
  if (reader === undefined) return undefined;
  const signature = reader.readString();
  reader.checkEnd();
  return signature;
}

const answer = "the SSH agent's answer";

function openAnswer(message: Uint8Array, expected: number): SshReader | undefined {
  const reader = new SshReader(message, answer);
  const type = reader.readByte();
  if (type === types.failure) return undefined;
  if (type !== expected) throw malformed(answer, `it is of type ${type}, not ${expected}`);
  return reader;
}
