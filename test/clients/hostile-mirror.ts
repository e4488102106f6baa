/** The lies a mirror between a proxy and its index can tell, each as an `Attack` on one project. */
import type { ServerResponse } from "node:http";
import type { Attack, MirrorAnswer, MirrorRequest } from "./mirror.ts";

/** What an attacker kept from before the victim's newest release. */
export type Recording = {
  readonly timestamp: Buffer;
  readonly snapshot: Buffer;
  readonly root: Buffer;
  /** The page of another project, rightly signed for that one. */
  readonly otherPage: Buffer;
};

export type Victim = {
  readonly project: string;
  readonly recording: Recording;
};

const timestampPath = /\/tuf\/timestamp\.json$/;
const snapshotPath = /\/tuf\/[0-9]+\.snapshot\.json$/;
const binPath = /\/tuf\/[0-9]+\.bin-[0-9a-f]+\.json$/;
const nextRootPath = /\/tuf\/([0-9]+)\.root\.json$/;

function isPageOf({ project }: Victim, path: string): boolean {
  return path.includes(`/targets/simple/${project}/`);
}

function isFileOf({ project }: Victim, path: string): boolean {
  return path.includes(`/files/${project}/`) && path.endsWith(".whl");
}

function isMetadataOf({ project }: Victim, path: string): boolean {
  return path.includes(`/files/${project}/`) && path.endsWith(".metadata");
}

export type VictimAttack = (victim: Victim) => Attack;

type Match = (victim: Victim, path: string) => boolean;
type Lie = (request: MirrorRequest) => ReturnType<Attack>;

function on(match: Match, lie: Lie): VictimAttack {
  return (victim) => async (request) => (match(victim, request.path) ? lie(request) : undefined);
}

/** One bit of the honest body is another. */
async function alter(request: MirrorRequest): Promise<MirrorAnswer> {
  const { status, headers, body } = await request.honest();
  const altered = Buffer.from(body);
  const middle = Math.floor(altered.length / 2);
  altered[middle] = (altered[middle] ?? 0) ^ 1;
  return { status, headers, body: altered };
}

/** The last byte never comes, and the answer says so nowhere. */
async function shorten(request: MirrorRequest): Promise<MirrorAnswer> {
  const { status, headers, body } = await request.honest();
  return { status, headers, body: body.subarray(0, -1) };
}

/** The connection ends in the middle of what was announced. */
async function cut(request: MirrorRequest): Promise<(response: ServerResponse) => void> {
  const { body } = await request.honest();
  return (response) => {
    response.writeHead(200, { "content-length": String(body.length) });
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
  };
}

async function notThere(): Promise<MirrorAnswer> {
  return { status: 404, headers: { "content-type": "text/plain" }, body: Buffer.from("not here") };
}

/** Bytes without end, as fast as they are taken. */
async function endless(): Promise<(response: ServerResponse) => void> {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const block = Buffer.alloc(65_536, " ");
    const pour = (): void => {
      while (!response.destroyed && response.write(block)) {
        // Until the other side's buffers are full.
      }
    };
    response.on("drain", pour);
    pour();
  };
}

/** A byte a second: never silent, never done. */
async function drip(): Promise<(response: ServerResponse) => void> {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => void response.write(" "), 1_000);
    response.once("close", () => clearInterval(timer));
  };
}

function redirectTo(url: string): Lie {
  return async () => ({ status: 302, headers: { location: url }, body: Buffer.alloc(0) });
}

async function jsonOf(request: MirrorRequest): Promise<{ signatures: unknown[]; signed: unknown }> {
  const parsed: unknown = JSON.parse((await request.honest()).body.toString());
  const members = new Map<string, unknown>(Object.entries(parsed ?? {}));
  const signatures: unknown = members.get("signatures");
  return { signatures: Array.isArray(signatures) ? signatures : [], signed: members.get("signed") };
}

function jsonAnswer(value: object): MirrorAnswer {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(value)),
  };
}

const strangerSignature = { keyid: "66".repeat(32), sig: "66".repeat(64) };

export const alterFile: VictimAttack = on(isFileOf, alter);
export const shortenFile: VictimAttack = on(isFileOf, shorten);
export const cutFile: VictimAttack = on(isFileOf, cut);
export const hideFile: VictimAttack = on(isFileOf, notThere);
export const alterMetadata: VictimAttack = on(isMetadataOf, alter);
export const alterPage: VictimAttack = on(isPageOf, alter);
export const hidePage: VictimAttack = on(isPageOf, notThere);
export const cutPage: VictimAttack = on(isPageOf, cut);
export const endlessPage: VictimAttack = on(isPageOf, endless);
export const dripPage: VictimAttack = on(isPageOf, drip);
export const hideBin: VictimAttack = on((_, path) => binPath.test(path), notThere);
export const endlessTimestamp: VictimAttack = on((_, path) => timestampPath.test(path), endless);

/** An older timestamp, as it was signed then. */
export function rollBack({ recording }: Victim): Attack {
  return async ({ path }) =>
    timestampPath.test(path) ? { status: 200, headers: {}, body: recording.timestamp } : undefined;
}

/** An older snapshot under the name of the new one. */
export function mixVersions({ recording }: Victim): Attack {
  return async ({ path }) =>
    snapshotPath.test(path) ? { status: 200, headers: {}, body: recording.snapshot } : undefined;
}

/** The first root under the name of the next one. */
export function replayRoot({ recording }: Victim): Attack {
  return async ({ path }) =>
    nextRootPath.test(path) ? { status: 200, headers: {}, body: recording.root } : undefined;
}

/** A next root that nobody signed who may: version and all else as wanted. */
export function swapRoot({ recording }: Victim): Attack {
  return async ({ path }) => {
    const match = nextRootPath.exec(path);
    if (match === null) {
      return undefined;
    }
    const root: unknown = JSON.parse(recording.root.toString());
    const signed = new Map<string, unknown>(Object.entries(root ?? {})).get("signed");
    return jsonAnswer({
      signatures: [strangerSignature],
      signed: { ...Object(signed), version: Number(match[1]) },
    });
  };
}

/** The timestamp with a stranger's signature in the place of the index's. */
export function swapSignatures(): Attack {
  return async (request) => {
    if (!timestampPath.test(request.path)) {
      return undefined;
    }
    const { signed } = await jsonOf(request);
    return jsonAnswer({ signatures: [strangerSignature], signed });
  };
}

/** Not an attack: a stranger's signature beside the right ones is ignored, by the specification. */
export function addSignature(): Attack {
  return async (request) => {
    if (!timestampPath.test(request.path)) {
      return undefined;
    }
    const { signed, signatures } = await jsonOf(request);
    return jsonAnswer({ signatures: [...signatures, strangerSignature], signed });
  };
}

/** The page of another project under this one's name. */
export function serveOtherPage(victim: Victim): Attack {
  return async ({ path }) =>
    isPageOf(victim, path)
      ? { status: 200, headers: {}, body: victim.recording.otherPage }
      : undefined;
}

/** Sends those who want a file elsewhere. */
export function redirectFile(elsewhere: string): VictimAttack {
  return on(isFileOf, redirectTo(elsewhere));
}
