/**
 * Holdfast's signer as its program runs it, with its SQLite store, its public tree and its durability, but for the door:
 * `signer-worker.ts DATA-FOLDER`. Tasks: `start`, `batch` of the uploads in a file, `renew` of all online roles.
 */
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setFlagsFromString } from "node:v8";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseConfig } from "#formats/config/config.ts";
import { parseChange } from "#formats/door/change-json.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import { createPublisher } from "#core/publication/publisher.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { openFolderStoredFiles } from "#stores/folder/stored-files.ts";
import { openSqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import { answerLines } from "./answer-lines.ts";

// As apps/signer/main.ts.
setFlagsFromString("--heap-growing-percent=50");

const data = dataFolder(process.argv[2] ?? "");
const databasePath = join(data.signer, "signer.sqlite");
const { signer: config } = parseConfig("");

/**
 * Of the pages that were there before, none is on the disk (make-index.ts): the table says their sizes, which costs about
 * as much as asking the disk.
 */
function withOldPages(tree: PublicTree): PublicTree {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  const size = database.prepare("SELECT sha256, size FROM project WHERE prefix = ? AND name = ?");
  const written = new Set<string>();
  return {
    ...tree,
    async readSize(path) {
      const [folder, , project = "", file = ""] = path.split("/");
      if (folder !== "targets" || written.has(path)) return await tree.readSize(path);
      const listed = isProjectName(project) && size.get(pagePrefix(project), project);
      if (!listed || listed["sha256"] !== file.slice(0, 64)) return undefined;
      return typeof listed["size"] === "number" ? listed["size"] : undefined;
    },
    async write(path, pieces) {
      written.add(path);
      await tree.write(path, pieces);
    },
  };
}

let clockAheadMs = 0;

const store = await openSqliteSignerStore(databasePath);
const publisher = createPublisher(
  {
    clock: () => new Date(Date.now() + clockAheadMs),
    store,
    publicTree: withOldPages(openFolderPublicTree(data.publicTree)),
    storedFiles: openFolderStoredFiles(data.files),
    keys: openKeyFolder(data.onlineKeys),
    steps: { reached: () => undefined },
    firstMetadata: () => readFirstMetadata(data.publicTree),
  },
  config,
);

await answerLines(async (task) => {
  switch (task.do) {
    case "start":
      return () => publisher.start();
    case "batch": {
      const lines = (await readFile(task.uploads ?? "", "utf8")).trim().split("\n");
      const changes = lines.map((line) => parseChange(formatUtf8(line)));
      // A project that is there has its folder.
      for (const { project } of changes) {
        mkdirSync(join(data.publicTree, "targets", "simple", project), { recursive: true });
      }
      return async () => {
        const results = await Promise.all(changes.map((change) => publisher.submit(change)));
        const refused = results.find(({ outcome }) => outcome === "refused");
        if (refused !== undefined) throw new Error(JSON.stringify(refused));
      };
    }
    case "renew":
      // All bins are due, by half of their lives at the latest.
      clockAheadMs += config.lifetimes.bins / 2;
      return () => publisher.renewDue();
    case "nothing":
      return async () => undefined;
    default:
      throw new Error(`No such task: ${task.do}`);
  }
});
await publisher.stop();
await store.close();
