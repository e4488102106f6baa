// tuf-js beside Holdfast's client (bench/tuf/line-worker.ts): worker.mjs ROOT METADATA-URL
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [packages, root, metadataBaseUrl] = process.argv.slice(2);
const { Updater } = createRequire(join(packages, "package.json"))("tuf-js");

async function refresh(state, target) {
  mkdirSync(state, { recursive: true });
  if (!existsSync(join(state, "root.json"))) copyFileSync(root, join(state, "root.json"));
  const updater = new Updater({ metadataDir: state, metadataBaseUrl });
  await updater.refresh();
  if ((await updater.getTargetInfo(target)) === undefined) throw new Error(`${target}: not found`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  if (task.do === "cold") rmSync(task.state, { recursive: true, force: true });
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await refresh(task.state, task.target);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1_024;
  process.stdout.write(
    `${JSON.stringify({ wallMs, cpuMs: (user + system) / 1_000, peakBytes })}\n`,
  );
}
