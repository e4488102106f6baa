/**
 * The load generator's worker: keep-alive connections that ask, compare, ask again.
 *
 * One generator serves every peer, so it must be much cheaper than the fastest of them: raw node:net with one reused
 * read buffer per connection, requests prepared as bytes, and bodies compared with memcmp as they arrive. A response is
 * taken as good when it says 200 and its body is, to the last byte, the body whose hash was checked before; a byte too
 * few or too many ends the run. The length of a body is the one expected anyway; chunked bodies, which only slow peers
 * send, are gathered and decoded first.
 */

import net from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import type { LoadJob, LoadReport } from "./load.ts";

const HEADER_END = Buffer.from("\r\n\r\n");
const CHUNKED = Buffer.from("Transfer-Encoding: chunked");
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");
const CLOSES = Buffer.from("\r\nConnection: close");
const READ_BUFFER_SIZE = 256 * 1024;
const HEADER_SIZE_MAX = 16 * 1024;
/** Connections may end without saying so, but not oftener than once in this many answers, plus a few. */
const ANSWERS_PER_RECONNECT = 100;
const RECONNECTS_FREE = 50;

type Target = { readonly request: Buffer; readonly expected: Buffer };

class Connection {
  readonly #load: Load;
  #socket: net.Socket | undefined;
  #target: Target;
  /** Bytes of a header that did not come in one piece. */
  #header: Buffer | undefined;
  #inBody = false;
  #received = 0;
  #startedAt = 0;
  #waiting = false;
  /** The server said that it closes after this answer (nginx after 1,000 of them). */
  #closes = false;
  /** A chunked body so far, its framing included. */
  #chunked: Buffer | undefined;

  constructor(load: Load, first: Target) {
    this.#load = load;
    this.#target = first;
  }

  connect(): void {
    const { host, port } = this.#load.job;
    const buffer = Buffer.allocUnsafe(READ_BUFFER_SIZE);
    const socket = net.connect({
      host,
      port,
      onread: {
        buffer,
        callback: (size: number): boolean => {
          this.#read(buffer, size);
          return true;
        },
      },
    });
    socket.setNoDelay(true);
    socket.on("connect", () => {
      if (!this.#waiting) this.ask();
      else socket.write(this.#target.request);
    });
    socket.on("error", (error) => {
      this.#load.fail(`connection: ${error.message}`);
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#closed();
    });
    this.#socket = socket;
  }

  ask(): void {
    const target = this.#load.nextTarget();
    if (target === undefined) {
      this.#socket?.destroy();
      this.#socket = undefined;
      this.#load.connectionDone();
      return;
    }
    this.#target = target;
    this.#received = 0;
    this.#inBody = false;
    this.#waiting = true;
    this.#startedAt = performance.now();
    if (this.#socket === undefined || this.#socket.destroyed) this.connect();
    else this.#socket.write(target.request);
  }

  #read(buffer: Buffer, size: number): void {
    if (!this.#waiting) {
      this.#load.fail("a byte came that was not asked for");
      return;
    }
    if (this.#inBody) {
      this.#readBody(buffer, 0, size);
      return;
    }
    let bytes = buffer;
    let end = size;
    if (this.#header !== undefined) {
      bytes = Buffer.concat([this.#header, buffer.subarray(0, size)]);
      end = bytes.length;
      this.#header = undefined;
    }
    const at = bytes.indexOf(HEADER_END);
    if (at < 0 || at >= end) {
      if (end > HEADER_SIZE_MAX) this.#load.fail("the response header is too long");
      else this.#header = Buffer.from(bytes.subarray(0, end));
      return;
    }
    // "HTTP/1.1 200 ": the three digits stand at 9.
    if (bytes[9] !== 0x32 || bytes[10] !== 0x30 || bytes[11] !== 0x30) {
      this.#load.fail(`unexpected response: ${bytes.toString("latin1", 0, Math.min(end, 300))}`);
      return;
    }
    this.#inBody = true;
    const header = bytes.subarray(0, at);
    this.#closes = header.includes(CLOSES);
    if (header.includes(CHUNKED)) this.#chunked = Buffer.alloc(0);
    this.#readBody(bytes, at + 4, end);
  }

  #readBody(bytes: Buffer, start: number, end: number): void {
    if (this.#chunked === undefined) {
      this.#compareBody(bytes, start, end);
      return;
    }
    this.#chunked = Buffer.concat([this.#chunked, bytes.subarray(start, end)]);
    if (!this.#chunked.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return;
    const body = decodeChunks(this.#chunked);
    this.#chunked = undefined;
    if (body.length === this.#target.expected.length) this.#compareBody(body, 0, body.length);
    else this.#load.fail(`the body has ${body.length} bytes`);
  }

  #compareBody(bytes: Buffer, start: number, end: number): void {
    const expected = this.#target.expected;
    const received = this.#received;
    const size = end - start;
    if (received + size > expected.length) {
      this.#load.fail(`the body is longer than ${expected.length} bytes`);
      return;
    }
    if (size > 0 && expected.compare(bytes, start, end, received, received + size) !== 0) {
      this.#load.fail(`the body differs after byte ${received}`);
      return;
    }
    this.#received = received + size;
    if (this.#received < expected.length) return;
    this.#waiting = false;
    this.#load.answered(performance.now() - this.#startedAt, expected.length);
    if (this.#closes) this.#socket?.end();
    else this.ask();
  }

  /** A peer that answers HTTP/1.0 closes after each body, a keep-alive peer now and then. */
  #closed(): void {
    this.#socket = undefined;
    if (this.#load.over) return;
    if (this.#waiting && (this.#inBody || this.#header !== undefined)) {
      this.#load.fail(`closed after ${this.#received} of ${this.#target.expected.length} bytes`);
    } else if (this.#waiting) {
      if (this.#load.mayReconnect()) this.connect();
    } else {
      this.ask();
    }
  }
}

class Load {
  readonly job: LoadJob;
  over = false;
  readonly #targets: readonly Target[];
  readonly #latencies: Float64Array;
  readonly #startedAt: number;
  readonly #endsAt: number;
  #asked = 0;
  #done = 0;
  #bytes = 0;
  #open: number;
  #lastAt = 0;
  #reconnects = 0;

  constructor(job: LoadJob) {
    this.job = job;
    this.#targets = job.targets.map(({ request, expected }) => ({
      request: Buffer.from(request),
      expected: Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
    }));
    this.#latencies = new Float64Array(job.requestsMax);
    this.#open = job.connections;
    this.#startedAt = performance.now();
    this.#endsAt = this.#startedAt + job.secondsMax * 1_000;
  }

  run(): void {
    const first = this.#targets[0];
    if (first === undefined) throw new Error("Cannot run a load without a target");
    for (let i = 0; i < this.job.connections; i += 1) new Connection(this, first).connect();
  }

  nextTarget(): Target | undefined {
    if (this.over || this.#asked >= this.job.requestsMax) return undefined;
    if (this.#asked > 0 && performance.now() >= this.#endsAt) return undefined;
    const target = this.#targets[this.#asked % this.#targets.length];
    this.#asked += 1;
    return target;
  }

  answered(ms: number, bytes: number): void {
    this.#latencies[this.#done] = ms;
    this.#done += 1;
    this.#bytes += bytes;
    this.#lastAt = performance.now();
  }

  mayReconnect(): boolean {
    this.#reconnects += 1;
    if (this.#reconnects <= RECONNECTS_FREE + this.#done / ANSWERS_PER_RECONNECT) return true;
    this.fail("the server keeps closing connections before it answers");
    return false;
  }

  connectionDone(): void {
    this.#open -= 1;
    if (this.#open > 0 || this.over) return;
    this.over = true;
    const sorted = this.#latencies.subarray(0, this.#done).toSorted();
    const cpu = process.threadCpuUsage();
    const report: LoadReport = {
      requests: this.#done,
      bytes: this.#bytes,
      seconds: (this.#lastAt - this.#startedAt) / 1_000,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      generatorCpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    };
    parentPort?.postMessage(report);
  }

  fail(reason: string): void {
    if (this.over) return;
    this.over = true;
    throw new Error(`The load on port ${this.job.port} failed: ${reason}`);
  }
}

/** RFC 9112 7.1, without extensions and trailers. */
function decodeChunks(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

const job: LoadJob = workerData;
new Load(job).run();
