/** A wheel of 1 GiB: the most memory the index held while it took it, and the pace. */

import { randomBytes } from "node:crypto";
import path from "node:path";
import { createHttpClient } from "#bench/http.ts";
import { fetchPage } from "#bench/page-body.ts";
import { startHoldfast } from "#bench/peers/holdfast.ts";
import type { Scenario } from "#bench/scenario.ts";
import { uploadWheelFile } from "#bench/upload.ts";
import { readMemory } from "#bench/usage.ts";
import { writeLargeWheel } from "#bench/wheel.ts";

const BLOCK = 1024 * 1024;
const BLOCKS = 1_024;
const BLOCKS_QUICK = 128;
const MEMORY_MB_MAX = 200;

export const largeUpload: Scenario = {
  name: "large-upload",
  async run(bench) {
    const blocks = bench.quick ? BLOCKS_QUICK : BLOCKS;
    const wheel = await writeLargeWheel(bench.work, "bench-large", randomBytes(BLOCK), blocks);
    const holdfast = await startHoldfast(path.join(bench.work, "large-holdfast"));
    const client = createHttpClient();
    try {
      const pid = await holdfast.pidOf("index");
      const before = await readMemory(pid);
      const startedAt = performance.now();
      await uploadWheelFile(client, holdfast.door, wheel);
      const seconds = (performance.now() - startedAt) / 1_000;
      const { peak } = await readMemory(pid);
      await fetchPage(holdfast.port, "/simple/bench-large/", "json", [wheel]);
      bench.row({
        scenario: `upload of ${blocks} MiB`,
        what: "peak resident memory of the index",
        holdfast: `${Math.round(peak / 1e6)} MB (${Math.round(before.now / 1e6)} MB before)`,
        peer: "",
        value: peak / 1e6,
        unit: "MB",
        target: { atMost: MEMORY_MB_MAX },
        note: `${seconds.toFixed(1)} s, ${Math.round((blocks * BLOCK) / 1e6 / seconds)} MB/s, checked, durable and visible`,
      });
    } finally {
      client.close();
      await holdfast.child.stop();
    }
  },
};
