/** A 10 MB file, from Holdfast and from nginx with sendfile. */

import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { askOk, createHttpClient } from "#bench/http.ts";
import { formatGet } from "#bench/load.ts";
import { startHoldfast } from "#bench/peers/holdfast.ts";
import { formatNumber } from "#bench/results.ts";
import { measureLoads, ratioByRound, type Contender, type Measured } from "#bench/rounds.ts";
import type { Bench, Scenario } from "#bench/scenario.ts";
import { uploadWheel } from "#bench/upload.ts";
import { buildWheel } from "#bench/wheel.ts";
import { sha256Hex } from "#crypto/hash.ts";

const SIZE = 10_000_000;
const NGINX_RATIO_MIN = 0.7;
const CONNECTIONS = [1, 8] as const;

export const downloads: Scenario = {
  name: "downloads",
  async run(bench) {
    const holdfast = await startHoldfast(path.join(bench.work, "downloads-holdfast"));
    try {
      const wheel = buildWheel("bench-download", "1.0", randomBytes(SIZE));
      const client = createHttpClient();
      await uploadWheel(client, holdfast.door, wheel);
      const address = `/files/${wheel.project}/${wheel.sha256}/${wheel.filename}`;
      const url = `http://127.0.0.1:${holdfast.port}${address}`;
      const answer = await askOk(client, url, { headers: { "Accept-Encoding": "identity" } });
      client.close();
      if (sha256Hex(answer.body) !== wheel.sha256) throw new Error("The download's hash is wrong");
      const onNginx = path.join(bench.nginx.root, "files", "bench-download");
      await mkdir(onNginx, { recursive: true });
      await writeFile(path.join(onNginx, wheel.filename), wheel.bytes);
      const contender = (name: string, port: number, pid: number, from: string): Contender => ({
        name,
        port,
        pid,
        targets: [
          {
            request: formatGet(`127.0.0.1:${port}`, from, {
              Accept: "*/*",
              "Accept-Encoding": "identity",
            }),
            expected: wheel.bytes,
          },
        ],
      });
      const contenders = [
        contender("holdfast", holdfast.port, holdfast.child.pid, address),
        contender(
          "nginx",
          bench.nginx.port,
          bench.nginx.child.pid,
          `/files/bench-download/${wheel.filename}`,
        ),
      ];
      for (const connections of CONNECTIONS) await measure(bench, contenders, connections);
    } finally {
      await holdfast.child.stop();
    }
  },
};

async function measure(
  bench: Bench,
  contenders: readonly Contender[],
  connections: number,
): Promise<void> {
  const plan = bench.quick ? { rounds: 3, seconds: 1 } : { rounds: 7, seconds: 2 };
  bench.say(`10 MB download, ${connections} connections`);
  const measured = await measureLoads(contenders, { ...plan, connections });
  const own = measured.get("holdfast");
  const peer = measured.get("nginx");
  if (own === undefined || peer === undefined) return;
  bench.row({
    scenario: "download, 10 MB",
    what: `${connections} connection${connections === 1 ? "" : "s"}, against nginx`,
    holdfast: formatThroughput(own),
    peer: formatThroughput(peer),
    value: ratioByRound(own.perSecondByRound, peer.perSecondByRound),
    target: { atLeast: NGINX_RATIO_MIN },
  });
}

function formatThroughput(measured: Measured): string {
  const { bytesPerSecond, serverCpuUs, p99Ms } = measured;
  return `${formatNumber(bytesPerSecond / 1e6)} MB/s, ${formatNumber(serverCpuUs / 1e3)} ms CPU, p99 ${formatNumber(p99Ms)} ms`;
}
