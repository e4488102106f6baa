/**
 * Holdfast's TUF client with the network and the state folder its proxy gives it: `client-worker.ts ROOT METADATA-URL`.
 * Tasks: `cold` with a new state, `warm` on the one that is there; each with a new updater, and one lookup.
 */
import { readFile, rm } from "node:fs/promises";
import { createUpdater } from "#core/tuf/updater.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createHttpClient } from "#stores/host/http-fetch.ts";
import { answerLines } from "./answer-lines.ts";

const [rootPath = "", metadataUrl = ""] = process.argv.slice(2);
const root = await readFile(rootPath);

async function refresh(state: string, target: string): Promise<void> {
  const store = createFolderTrustedStore(state);
  if ((await store.readRoot()) === undefined) await store.writeRoot(1, root);
  const client = createHttpClient({ userAgent: "holdfast-bench" });
  const ports = { clock: systemClock, fetch: client.fetch, store };
  const updater = createUpdater(ports, { metadataUrl: new URL(metadataUrl) });
  const found = await updater.findTarget(await updater.refresh(), target);
  if (found === "absent") throw new Error(`${target} was not found`);
  client.close();
}

await answerLines(async ({ do: wanted, state = "", target = "" }) => {
  if (wanted === "cold") await rm(state, { recursive: true, force: true });
  return () => refresh(state, target);
});
