/** `holdfast index`: the web service. One process, one database nobody else opens, no key. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import pino, { type Logger } from "pino";
import { dataFolder, type DataFolder } from "#stores/folder/data-folder.ts";
import { openFolderFileStore } from "#stores/folder/file-store.ts";
import { openLineLog } from "#stores/folder/line-log.ts";
import { createLocalFolders } from "#stores/folder/local-folders.ts";
import { createFolderPublishedFiles } from "#stores/folder/published-files.ts";
import { createSecretFile } from "#stores/folder/secret-file.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createLife, type Life } from "#stores/host/life.ts";
import { systemRandom } from "#stores/host/random.ts";
import { removeReadyFile, writeReadyFile } from "#stores/host/ready-file.ts";
import { createSignerDoor } from "#stores/host/signer-door.ts";
import { systemTimer } from "#stores/host/timer.ts";
import { openDatabase } from "#stores/sqlite/database.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";
import { createSqliteAccountStore } from "#stores/sqlite/index-accounts.ts";
import { createSqliteReleaseStore } from "#stores/sqlite/index-releases.ts";
import { indexMigrations, type IndexTables } from "#stores/sqlite/index-tables.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { IndexPorts } from "./index-ports.ts";
import { createIndex } from "./index-program.ts";
import { indexSettings } from "./index-settings.ts";
import { createWebServer, listenOnPort, listenOnSocket } from "./listening.ts";
import { help, parseOptions, type IndexOptions } from "./options.ts";

async function runIndex(
  { config, data: root, readyFile }: IndexOptions,
  life: Life,
): Promise<void> {
  const data = dataFolder(root);
  const log = pino(
    { level: config.log.level, base: { program: "index" } },
    pino.destination({ sync: true }),
  );
  if (readyFile !== undefined) await removeReadyFile(readyFile);
  mkdirSync(data.index, { recursive: true, mode: 0o700 });
  const lock = lockFolder(data.index);
  life.onStop("lock", () => lock.release());

  const { host, port, private: isPrivate, publicUrl } = config.index;
  const index = createIndex(await openPorts(data, life, log), indexSettings(config), {
    firstToken: createSecretFile(data.firstToken),
    proxyCredentials: createSecretFile(join(data.proxy, "credentials.json")),
  });
  life.onStop("index", () => index.stop());
  await index.start();

  const web = createWebServer(index.handle);
  const endPlain = index.attach(web);
  const listening = await listenOnPort(web, host, port);
  life.onStop("web", async () => {
    // Whoever waits for a publication is told where to ask for it, then the connections can end.
    index.stop();
    endPlain();
    await listening.close();
  });
  const admin = await listenOnSocket(index.handleAdmin, data.adminSocket);
  life.onStop("admin door", () => admin.close());

  const local = `http://${hostInUrl(host)}:${listening.port}/`;
  const address = publicUrl ?? local;
  log.info({ address, private: isPrivate }, "takes requests");
  if (readyFile !== undefined) await writeReadyFile(readyFile, readyValue(address, local));
}

async function openPorts(data: DataFolder, life: Life, log: Logger): Promise<IndexPorts> {
  const logTrouble: IndexPorts["logTrouble"] = (message, error) =>
    log.warn({ err: error }, message);
  const database = await openDatabase<IndexTables>(
    join(data.index, "index.sqlite"),
    indexMigrations,
  );
  life.onStop("database", () => database.close());
  const door = createSignerDoor(data.signerSocket);
  life.onStop("signer's door", () => door.close());
  const access = await openLineLog(join(data.log, "index-access.jsonl"), (error) =>
    logTrouble("Cannot write the access log", error),
  );
  life.onStop("access log", () => access.close());
  return {
    clock: systemClock,
    stopwatch: () => performance.now(),
    timer: systemTimer,
    random: systemRandom,
    accounts: createSqliteAccountStore(database),
    releases: createSqliteReleaseStore(database),
    files: await openFolderFileStore(data.files, systemRandom),
    published: createFolderPublishedFiles(data.publicTree),
    door,
    folders: createLocalFolders((path) => database.backup(path)),
    logAccess: (entry) => access.write(JSON.stringify(entry)),
    logTrouble,
  };
}

/** What everybody who waits for this program reads (the fields are public API). */
function readyValue(address: string, local: string): object {
  return {
    index: address,
    /** For programs on this machine: not through whatever stands in front. */
    local,
    simple: `${address}simple/`,
    upload: `${address}legacy/`,
    metadata: `${address}tuf/`,
    targets: `${address}targets/`,
    pid: process.pid,
  };
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

// Node's file operations wait for each other in four threads; disks take many syncs in the time of one.
process.env["UV_THREADPOOL_SIZE"] ??= "16";
// By default V8 lets garbage grow to several times what lives, and an import leaves it at that size.
setFlagsFromString("--heap-growing-percent=50");

const life = createLife();
try {
  const options = parseOptions(process.argv.slice(3));
  if (options === "help") {
    process.stdout.write(help);
    await life.stop(exitCodes.asked);
  } else {
    await runIndex(options, life);
  }
} catch (error) {
  process.stderr.write(
    `holdfast index: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  await life.stop(exitCodeOf(error));
}
