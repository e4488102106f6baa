/** An agent that lies, floods, stalls or breaks off; test/programs/offline-keys.test.ts asks a real one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { parseHex } from "#formats/bytes/hex.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { agentMessageSizeMax, formatAgentFrame } from "#formats/ssh/agent-message.ts";
import { formatUint32 } from "#formats/ssh/wire.ts";
import type { Timer } from "#core/ports.ts";
import { openAgentSigner } from "./ssh-agent.ts";

const vectors = join(import.meta.dirname, "../../../test/vectors/ssh-agent/recorded.json");
const recorded = JSON.parse(readFileSync(vectors, "utf8")) as {
  readonly identities: string;
  readonly message: string;
  readonly keys: readonly { readonly fingerprint: string; readonly signAnswer?: string }[];
};
const identities = formatAgentFrame(parseHex(recorded.identities));
const signed = recorded.keys.map(({ signAnswer = "05" }) => formatAgentFrame(parseHex(signAnswer)));
const message = formatUtf8(recorded.message);
const ada = recorded.keys[0]?.fingerprint ?? "";

/** What an agent does with a question: 11 lists, 13 signs. */
type Answer = (socket: Socket, type: number) => void;

let folder = "";
let server: Server | undefined;
const sockets = new Set<Socket>();
let timers: { readonly ms: number; readonly run: () => void; isCancelled: boolean }[] = [];

const timer: Timer = (ms, run) => {
  const started = { ms, run, isCancelled: false };
  timers.push(started);
  return () => {
    started.isCancelled = true;
  };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-agent-"));
  timers = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
  await rm(folder, { recursive: true });
});

async function listen(answer: Answer): Promise<Readonly<Record<string, string>>> {
  const path = join(folder, "agent");
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (frame) => answer(socket, frame[4] ?? 0));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(path, resolve));
  return { SSH_AUTH_SOCK: path };
}

/** Lists as recorded, and signs as told. */
function signing(sign: (socket: Socket) => void): Answer {
  return (socket, type) => {
    if (type === 11) socket.write(identities);
    else sign(socket);
  };
}

function signWith(answer: Answer, fingerprint = ada): Promise<Uint8Array> {
  return listen(answer)
    .then((env) => openAgentSigner(fingerprint, { env, timer }))
    .then((signer) => signer.sign(message));
}

describe("an SSH agent", () => {
  test("that is honest signs with either kind of key", async () => {
    for (const index of [0, 1]) {
      const env = await listen(signing((socket) => socket.write(signed[index] ?? "")));
      const fingerprint = recorded.keys[index]?.fingerprint;
      const signer = await openAgentSigner(fingerprint, { env, timer });
      const signature = await signer.sign(message);
      assert.equal(verifySignature(signer.publicKey, message, signature), true);
      await new Promise((resolve) => server?.close(resolve));
    }
    assert.ok(timers.every(({ isCancelled }) => isCancelled));
    assert.deepEqual(
      timers.map(({ ms }) => ms),
      [60_000, 300_000, 60_000, 300_000],
    );
  });

  test("is understood when its answer comes byte by byte", async () => {
    const drip = (frame: Uint8Array, socket: Socket): void => {
      socket.setNoDelay(true);
      for (const byte of frame) socket.write(Uint8Array.of(byte));
    };
    const answer: Answer = (socket, type) =>
      drip(type === 11 ? identities : (signed[0] ?? identities), socket);
    assert.equal((await signWith(answer)).byteLength, 64);
  });

  test("that signs with another key, or something else, is not believed", async () => {
    const refused = { code: "key.signature" };
    const otherMessage = formatUtf8("another message");
    const env = await listen(signing((socket) => socket.write(signed[0] ?? "")));
    const signer = await openAgentSigner(ada, { env, timer });
    await assert.rejects(signer.sign(otherMessage), refused);
    const changed = Buffer.from(signed[0] ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await new Promise((resolve) => server?.close(resolve));
    await assert.rejects(signWith(signing((socket) => socket.write(changed))), refused);
  });

  test("that signs with a key of another kind is refused", async () => {
    const answer = signing((socket) => socket.write(signed[1] ?? ""));
    await assert.rejects(signWith(answer), { code: "ssh.malformed" });
  });

  test("that announces too much is refused before it sends it", async () => {
    const head = formatUint32(agentMessageSizeMax + 1);
    await assert.rejects(signWith(signing((socket) => socket.end(head))), {
      code: "ssh.malformed",
      message: /too long/,
    });
  });

  test("that goes on without end is refused", async () => {
    const flood = new Uint8Array(65_536).fill(0xaa);
    const answer = signing((socket) => {
      socket.write(formatUint32(agentMessageSizeMax));
      // Without end for whoever has no bound: for a test it is one.
      let left = 64;
      const more = (): void => {
        while (!socket.destroyed && left-- > 0 && socket.write(flood));
        if (left < 0) socket.end();
      };
      socket.on("drain", more);
      more();
    });
    await assert.rejects(signWith(answer), { code: "ssh.malformed", message: /bytes follow it/ });
  });

  test("that breaks off is refused", async () => {
    for (const cut of [0, 3, 4, 40]) {
      const answer = signing((socket) => socket.end((signed[0] ?? identities).subarray(0, cut)));
      await assert.rejects(signWith(answer), { code: "ssh.malformed", message: /ends too early/ });
      await new Promise((resolve) => server?.close(resolve));
    }
  });

  test("that is silent is left after the time a person may need", async () => {
    const answer = signing(() => timers.at(-1)?.run());
    await assert.rejects(signWith(answer), {
      code: "agent.timeout",
      message: /within 300 seconds/,
    });
  });

  test("that refuses is said to have refused", async () => {
    const failure = formatAgentFrame(Uint8Array.of(5));
    await assert.rejects(signWith(signing((socket) => socket.write(failure))), {
      code: "agent.refused",
    });
    await new Promise((resolve) => server?.close(resolve));
    const locked: Answer = (socket) => socket.write(failure);
    await assert.rejects(signWith(locked), { code: "agent.refused", message: /locked/ });
  });

  test("is not asked to sign more than agents take", async () => {
    const asked: number[] = [];
    const env = await listen((socket, type) => {
      asked.push(type);
      socket.write(identities);
    });
    const signer = await openAgentSigner(ada, { env, timer });
    const large = new Uint8Array(agentMessageSizeMax);
    await assert.rejects(signer.sign(large), { code: "agent.too-large" });
    assert.deepEqual(asked, [11]);
  });

  test("that is not there is said to be missing", async () => {
    const unreachable = { code: "agent.unreachable" };
    const missing = { SSH_AUTH_SOCK: join(folder, "nobody") };
    await assert.rejects(openAgentSigner(ada, { env: missing, timer }), unreachable);
    await assert.rejects(openAgentSigner(ada, { env: {}, timer }), {
      ...unreachable,
      message: /SSH_AUTH_SOCK is not set/,
    });
    assert.ok(timers.every(({ isCancelled }) => isCancelled));
  });
});
