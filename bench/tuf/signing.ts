/** The repository's side: batches of uploads, the renewal of all bins, and how much memory the signer needs for it. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatChange } from "#formats/door/change-json.ts";
import { pageTarget } from "#core/tuf/layout.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { makeUploads, seeds } from "./large-index.ts";
import type { MadeIndex, TufBench } from "./made-index.ts";
import { ownWorker, startWorker } from "./line-worker.ts";
import type { LineWorker } from "./line-worker.ts";
import { inTurns, timingRows } from "./rounds-of-workers.ts";
import { copyTree } from "./trees.ts";

const SIZES = [1, 10, 1_000] as const;
const ROUNDS = 20;
const ROUNDS_QUICK = 3;
/** Each of the peers' renewals takes half a minute. */
const RENEWAL_ROUNDS = 2;
const BATCH_RATIO_MAX = 0.5;
const RENEWAL_RATIO_MAX = 0.35;
const SIGNER_MB_MAX = 400;

export async function measureSigning(bench: TufBench, index: MadeIndex): Promise<void> {
  const workers = new Map<string, LineWorker>();
  try {
    await startAll(bench, index, workers);
    bench.say("starting the signer");
    const started = await take(workers, "Holdfast").ask({ do: "start" });
    bench.row({
      scenario: index.title,
      what: "start of the signer, until it takes changes",
      holdfast: `${(started.wallMs / 1_000).toFixed(1)} s`,
      peer: "",
      note: "each project's page is looked at; its file, which this index does not have, is looked up in a table",
    });
    for (const size of SIZES) await measureBatches(bench, index, workers, size);
    await measureRenewal(bench, index, workers);
    const { peakBytes } = await take(workers, "Holdfast").ask({ do: "nothing" });
    bench.row({
      scenario: index.title,
      what: "peak resident memory of the signer, all of the above",
      holdfast: `${Math.round(peakBytes / 1e6)} MB`,
      peer: "",
      value: peakBytes / 1e6,
      unit: "MB",
      target: { atMost: SIGNER_MB_MAX },
    });
  } finally {
    for (const worker of workers.values()) await worker.stop();
  }
}

async function startAll(
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
  const program = path.join(import.meta.dirname, "signer-worker.ts");
  workers.set("Holdfast", startWorker(ownWorker(program, index.data)));
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

async function measureRenewal(
  bench: TufBench,
  index: MadeIndex,
  workers: ReadonlyMap<string, LineWorker>,
): Promise<void> {
  bench.say("renewal of all bins");
  const timings = await inTurns([...workers.keys()], RENEWAL_ROUNDS, (name) =>
    take(workers, name).ask({ do: "renew" }),
  );
  const row = {
    scenario: index.title,
    what: "renewal of all bins",
    note: `${RENEWAL_ROUNDS} rounds; Holdfast in batches of 1,000, each visible by itself`,
  };
  const targets = { "python-tuf": { atMost: RENEWAL_RATIO_MAX } };
  for (const found of timingRows(row, timings, targets)) bench.row(found);
}

function take(workers: ReadonlyMap<string, LineWorker>, name: string): LineWorker {
  const worker = workers.get(name);
  if (worker === undefined) throw new Error(`There is no worker ${name}`);
  return worker;
}
