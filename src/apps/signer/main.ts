/**
 * `holdfast signer`, and `holdfast recover` in its place after a break-in: one process with the online keys, one database nobody else opens, one door. README.md says what
 * an operator has to know.
 */
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import pino from "pino";
import type { Logger } from "pino";
import { RefusedError } from "#core/errors.ts";
import { createPublisher } from "#core/publication/publisher.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { openFolderStoredFiles } from "#stores/folder/stored-files.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createLife } from "#stores/host/life.ts";
import type { Life } from "#stores/host/life.ts";
import { writeReadyFile } from "#stores/host/ready-file.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";
import { openSqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import type { SqliteSignerStore } from "#stores/sqlite/signer-store.ts";
import { createDoor } from "./door.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { help, parseOptions } from "./options.ts";
import type { SignerOptions } from "./options.ts";
import { runRecover } from "./recover/program.ts";
import { keepRenewed } from "./renewal.ts";
import { openStepLog } from "./step-log.ts";

const databaseName = "signer.sqlite";
const closeMsMax = 1_000;

async function runSigner(
  { config, data: root, readyFile }: SignerOptions,
  life: Life,
): Promise<void> {
  const data = dataFolder(root);
  const log = pino(
    { level: config.log.level, base: { program: "signer" } },
    pino.destination({ sync: true }),
  );
  const lock = lockFolder(data.signer);
  life.onStop("lock", () => lock.release());
  const store = await openSqliteSignerStore(join(data.signer, databaseName));
  life.onStop("database", () => store.close());
  const steps = openStepLog(data.log, config.log.level);
  life.onStop("step log", () => steps.close());
  const publisher = createPublisher(
    {
      clock: systemClock,
      store,
      publicTree: openFolderPublicTree(data.publicTree),
      storedFiles: openFolderStoredFiles(data.files),
      keys: openKeyFolder(data.onlineKeys),
      steps,
      firstMetadata: () => readFirstMetadata(data.publicTree),
      gather: () => immediate(),
      wait: async (ms) => void (await delay(ms)),
      notice: (sentence) => log.warn(sentence),
      holder: `${hostname()} ${process.pid}`,
    },
    config.signer,
  );
  await publisher.start();
  await openDoor(publisher, store, data, life, log);
  life.onStop("publisher", () => publisher.stop());
  life.onStop(
    "renewal",
    keepRenewed(publisher, systemClock, (error) => log.error(error)),
  );
  void endWhenHalted(publisher, life, log);
  const { newestRootFingerprint, rootFingerprint, serial } = publisher.status();
  log.info({ rootFingerprint, newestRootFingerprint, serial }, "takes changes");
  if (readyFile === undefined) return;
  await writeReadyFile(readyFile, { socket: data.signerSocket, rootFingerprint });
}

async function openDoor(
  publisher: Publisher,
  store: SqliteSignerStore,
  data: DataFolder,
  life: Life,
  log: Logger,
): Promise<void> {
  const door = createDoor({
    publisher,
    backup: (folder) => writeBackup(store, folder),
    report: (error) => log.error(error),
  });
  mkdirSync(dirname(data.signerSocket), { recursive: true });
  // We hold the lock, so whoever left this socket behind is gone.
  rmSync(data.signerSocket, { force: true });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen(data.signerSocket, resolve);
  });
  chmodSync(data.signerSocket, 0o660);
  life.onStop("door", () => closeDoor(door));
}

async function closeDoor(door: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void door.close(() => resolve()));
  // Whoever was answered a moment ago keeps its connection open otherwise.
  const insist = setTimeout(() => door.closeAllConnections(), closeMsMax);
  await closed;
  clearTimeout(insist);
}

async function writeBackup(store: SqliteSignerStore, folder: string): Promise<void> {
  if (!isAbsolute(folder)) {
    throw new RefusedError("request.invalid", "Cannot write a backup: its folder is not absolute");
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await store.backup(join(folder, databaseName));
}

/** Nothing more can be published: whoever runs us has to know, and starts us again or not. */
async function endWhenHalted(publisher: Publisher, life: Life, log: Logger): Promise<void> {
  const error = await publisher.halted;
  log.fatal(error, "ends");
  await life.stop(exitCodes.halted);
}

async function runCommand(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  if (options !== "help") return await runSigner(options, life);
  process.stdout.write(help);
  await life.stop(exitCodes.asked);
}

// By default V8 lets garbage grow to several times what lives, and a renewal of all bins leaves it at that size.
setFlagsFromString("--heap-growing-percent=50");

const life = createLife();
const [, , command = "", ...args] = process.argv;
try {
  if (command === "recover") await life.stop(await runRecover(args));
  else await runCommand(args);
} catch (error) {
  process.stderr.write(
    `holdfast ${command}: ${terminalText(error instanceof Error ? error.message : String(error))}\n`,
  );
  await life.stop(exitCodeOf(error));
}
