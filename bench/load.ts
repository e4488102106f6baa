/** The load generator as the scenarios see it: prepare requests, run them in a worker thread, read the report. */

import { Worker } from "node:worker_threads";

export type LoadTarget = {
  /** The whole request, as bytes. */
  readonly request: Uint8Array;
  /** The body every answer must have; its hash was checked by who made it. */
  readonly expected: Uint8Array;
};

export type LoadJob = {
  readonly host: string;
  readonly port: number;
  /** Asked for in turn. */
  readonly targets: readonly LoadTarget[];
  readonly connections: number;
  readonly requestsMax: number;
  readonly secondsMax: number;
};

export type LoadReport = {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly generatorCpuSeconds: number;
};

/** Beyond the job's own time: answers that are on their way, and the thread's start. */
const GRACE_MS = 60_000;

/** Runs the job in its own thread; rejects when one answer was not as expected or the run does not end. */
export function runLoad(job: LoadJob): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData: job });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      worker.removeAllListeners();
      void worker.terminate().then(settle, reject);
    };
    const timer = setTimeout(
      () => end(() => reject(new Error("The load did not end in time"))),
      job.secondsMax * 1_000 + GRACE_MS,
    );
    worker.on("message", (report: LoadReport) => end(() => resolve(report)));
    worker.on("error", (error) => end(() => reject(error)));
  });
}

/** A GET as bytes. `headers` without Host, Connection. */
export function formatGet(
  authority: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: holdfast-bench\r\n${lines.join("")}\r\n`,
  );
}
