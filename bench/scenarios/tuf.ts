/** TUF at the size of the largest index there is: signing it, reading it, and what that costs on the wire and in memory. */

import path from "node:path";
import { runCommand } from "#bench/child.ts";
import { installTufPeers } from "#bench/peers/tuf-peers.ts";
import type { ScenarioGroup } from "#bench/scenario.ts";
import { measureBytes } from "#bench/tuf/bytes.ts";
import { measureClients, measureSmallClients } from "#bench/tuf/clients.ts";
import { fullShape, projectNames, quickShape, smallShape } from "#bench/tuf/large-index.ts";
import type { IndexShape } from "#bench/tuf/large-index.ts";
import type { MadeIndex, TufBench } from "#bench/tuf/made-index.ts";
import { measureSigning } from "#bench/tuf/signing.ts";

export const tufGroup: ScenarioGroup = {
  title: "TUF at the size of the largest index",
  how: [
    "Each contender ran in a process of its own, which timed itself: no start, import or hand-over counts. Contenders took turns in each round on copies of one repository; times are medians of 20 rounds unless a note says otherwise, ratios medians of the rounds' ratios, Holdfast's over the peer's.",
    "CPU is user and system time of all threads. What is signed and what is read is described in `bench/README.md`.",
  ],
  scenarios: ["tuf"],
  async run(run) {
    run.say("== tuf\ninstalling what is missing");
    const bench: TufBench = { ...run, peers: await installTufPeers(run.cache) };
    const { go, js, python } = bench.peers;
    const large = await makeIndex(bench, "large", bench.quick ? quickShape : fullShape);
    await measureBytes(bench, large);
    await measureClients(bench, large);
    await measureSmallClients(bench, await makeIndex(bench, "small", smallShape));
    await measureSigning(bench, large);
    const goVersion = go === undefined ? "no Go here" : `go-tuf ${go.version}`;
    return [
      `Node ${process.versions.node}, python-tuf ${python.version}, ${goVersion}, tuf-js ${js.version}`,
    ];
  },
};

async function makeIndex(bench: TufBench, name: string, shape: IndexShape): Promise<MadeIndex> {
  const projects = shape.projects.toLocaleString("en");
  const title = `${projects} projects, ${(2 ** shape.bitLength).toLocaleString("en")} bins`;
  bench.say(`making an index of ${title}`);
  const data = path.join(bench.work, name);
  const program = path.join(import.meta.dirname, "..", "tuf", "make-index.ts");
  const args = [program, data, String(shape.projects), String(shape.bitLength)];
  await runCommand(process.execPath, ["--max-old-space-size=4096", ...args]);
  return { shape, data, names: projectNames(shape), title };
}
