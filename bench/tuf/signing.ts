/** The repository's side: batches of uploads, the renewal of all bins, and how much memory the signer needs for it. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatChange } from "#formats/door/change-json.ts";
import { publicationLimits } from "#core/publication/limits.ts";
import { pageTarget } from "#core/tuf/layout.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { makeUploads, seeds } from "./large-index.ts";
import type { MadeIndex, TufBench } from "./made-index.ts";
import { ownWorker, startWorker } from "./line-worker.ts";
import type { LineWorker } from "./line-worker.ts";
import { inTurns, timingRows } from "./rounds-of-workers.ts";
import { copyIndex, copyTree } from "./trees.ts";

const SIZES = [1, 10, 1_000] as const;
const ROUNDS = 20;
const ROUNDS_QUICK = 3;
/** Each of the peers' renewals takes up to half a minute. */
const RENEWAL_ROUNDS = 5;
const BATCH_RATIO_MAX = 0.5;
const RENEWAL_RATIO_MAX = 0.35;
const SIGNER_MB_MAX = 400;

export async function measureSigning(bench: TufBench, index: MadeIndex): Promise<void> {
  const workers = new Map<string, LineWorker>();
  try {
    await startPeers(bench, index, workers);
    const renewalPeak = await measureRenewal(bench, index, workers);
    bench.say("starting the signer");
    const signer = startSigner(index.data);
    workers.set("Holdfast", signer);
    const started = await signer.ask({ do: "start" });
    bench.row({
      scenario: index.title,
      what: "start of the signer, until it takes changes",
      holdfast: `${(started.wallMs / 1_000).toFixed(1)} s`,
      peer: "",
      note: "each project's page is looked at; its file, which this index does not have, is looked up in a table",
    });
    for (const size of SIZES) await measureBatches(bench, index, workers, size);
    const { peakBytes } = await signer.ask({ do: "nothing" });
    const megabytes = Math.max(peakBytes, renewalPeak) / 1e6;
    bench.row({
      scenario: index.title,
      what: "peak resident memory of the signer, all of the above",
      holdfast: `${Math.round(megabytes)} MB`,
      peer: "",
      value: megabytes,
      unit: "MB",
      target: { atMost: SIGNER_MB_MAX },
    });
  } finally {
    for (const worker of workers.values()) await worker.stop();
  }
}

async function startPeers(
  bench: TufBench,
  index: MadeIndex,
  workers: Map<string, LineWorker>,
): Promise<void> {
  const keys = path.join(index.data, "signer", "keys");
  for (const peer of [bench.peers.python, bench.peers.go]) {
    if (peer === undefined) continue;
    const tree = path.join(bench.work, `sign-${peer.name}`);
    await copyTree(path.join(index.data, "public", "tuf"), tree);
    workers.set(peer.name, startWorker(peer.command("sign", tree, keys)));
  }
}

function startSigner(data: string): LineWorker {
  return startWorker(ownWorker(path.join(import.meta.dirname, "signer-worker.ts"), data));
}

async function measureBatches(
  bench: TufBench,
  index: MadeIndex,
  workers: ReadonlyMap<string, LineWorker>,
  size: number,
): Promise<void> {
  bench.say(`batches of ${size}`);
  const random = createSeededRandom(seeds.uploads + size);
  const rounds = bench.quick ? ROUNDS_QUICK : ROUNDS;
  const files = {
    uploads: path.join(bench.work, "uploads.jsonl"),
    targets: path.join(bench.work, "targets.json"),
  };
  let written = -1;
  const write = async (round: number): Promise<void> => {
    written = round;
    const uploads = makeUploads(index.names, size, random, `2.${size}.${round}`);
    const lines = uploads.map((upload) => parseUtf8(formatChange(upload)));
    await writeFile(files.uploads, lines.join("\n"));
    // Peers are given the pages' lengths and hashes, which Holdfast makes.
    const targets = uploads.map((it) => [pageTarget(it.project), 500 + it.size, it.sha256]);
    await writeFile(files.targets, JSON.stringify(targets));
  };
  const timings = await inTurns([...workers.keys()], rounds, async (name, round) => {
    if (written !== round) await write(round);
    return await take(workers, name).ask({ do: "batch", ...files });
  });
  const target = size === 10 ? {} : { "python-tuf": { atMost: BATCH_RATIO_MAX } };
  const note =
    "Holdfast also hashes the stored file, makes and writes the page, and commits; go-tuf syncs nothing";
  const row = {
    scenario: index.title,
    what: `batch of ${size.toLocaleString("en")} uploads`,
    note,
  };
  for (const found of timingRows(row, timings, target)) bench.row(found);
}

/**
 * Answers with our peak memory, bytes. Each of our renewals has a copy of the index: a second one would first sweep what
 * the one before has replaced, and a file system may not give inodes out again for minutes after they were freed, but looks
 * at all of them whenever a file is made (ext4 does). Peers remove nothing.
 */
async function measureRenewal(
  bench: TufBench,
  index: MadeIndex,
  peers: ReadonlyMap<string, LineWorker>,
): Promise<number> {
  bench.say("renewal of all bins");
  let peakBytes = 0;
  const timings = await inTurns([...peers.keys(), "Holdfast"], RENEWAL_ROUNDS, async (name, at) => {
    if (name !== "Holdfast") return await take(peers, name).ask({ do: "renew" });
    const data = path.join(bench.work, `renewal-${at}`);
    await copyIndex(index.data, data);
    const signer = startSigner(data);
    try {
      await signer.ask({ do: "start" });
      const timing = await signer.ask({ do: "renew" });
      peakBytes = Math.max(peakBytes, timing.peakBytes);
      return timing;
    } finally {
      await signer.stop();
    }
  });
  const row = {
    scenario: index.title,
    what: "renewal of all bins",
    note: `${RENEWAL_ROUNDS} rounds; Holdfast in batches of ${publicationLimits.renewalsMax}, each visible by itself`,
  };
  const targets = { "python-tuf": { atMost: RENEWAL_RATIO_MAX } };
  for (const found of timingRows(row, timings, targets)) bench.row(found);
  return peakBytes;
}

function take(workers: ReadonlyMap<string, LineWorker>, name: string): LineWorker {
  const worker = workers.get(name);
  if (worker === undefined) throw new Error(`There is no worker ${name}`);
  return worker;
}
