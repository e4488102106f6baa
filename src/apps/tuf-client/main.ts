/** `holdfast tuf-client`: the TUF client on its own. The only place where it meets the real world. */
import { readFile } from "node:fs/promises";
import { createPlainTrustedStore } from "#stores/folder/plain-trusted-store.ts";
import { storageError } from "#stores/folder/storage-error.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createHttpClient } from "#stores/host/http-fetch.ts";
import { downloadTargets, initTrust, refreshTrust } from "./commands.ts";
import { codeOf, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { help } from "./help.ts";
import { parseOptions } from "./options.ts";
import type { DownloadOptions, InitOptions, RefreshOptions } from "./options.ts";
import { openTargetFolder } from "./target-folder.ts";

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runCommand(options: InitOptions | RefreshOptions | DownloadOptions): Promise<void> {
  const store = createPlainTrustedStore(options.metadataDir);
  await store.renewCopies();
  if (options.command === "init") {
    await initTrust(store, await readRoot(options.root), say);
    return;
  }
  const { close, fetch } = createHttpClient({ userAgent: "holdfast-tuf-client" });
  const ports = { clock: systemClock, fetch, store };
  try {
    if (options.command === "refresh") await refreshTrust(ports, options, say);
    else {
      const files = openTargetFolder(options.targetDir);
      await downloadTargets({ ...ports, files }, options, say);
    }
  } finally {
    close();
  }
}

async function readRoot(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw storageError(error, `read ${path}`);
  }
}

try {
  const options = parseOptions(process.argv.slice(3));
  if (options.command === "help") process.stdout.write(help);
  else await runCommand(options);
  process.exitCode = exitCodes.done;
} catch (error) {
  const sentence = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  process.stderr.write(`holdfast tuf-client: ${sentence}${code === "" ? "" : ` (${code})`}\n`);
  process.exitCode = exitCodeOf(error);
}
