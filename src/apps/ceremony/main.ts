/**
 * `holdfast init` and `holdfast renew`: the one program that opens the offline keys, for as long as it takes to sign.
 * README.md says what an operator has to know.
 */
import { dataFolder } from "#stores/folder/data-folder.ts";
import { systemClock } from "#stores/host/clock.ts";
import { systemRandom } from "#stores/host/random.ts";
import { createCeremonyDoor } from "./ceremony-door.ts";
import { initDataFolder } from "./init.ts";
import { readOfflineKeys } from "./offline-keys.ts";
import { help, parseOptions } from "./options.ts";
import type { InitOptions, RenewOptions } from "./options.ts";
import { renewOffline } from "./renew.ts";

/** After sysexits.h. */
const exitCodes = { usage: 64, unreachable: 69, failed: 70, unusable: 73 } as const;

async function init(options: InitOptions): Promise<void> {
  const { outcome, rootFingerprint } = await initDataFolder(options, systemClock, systemRandom);
  const data = dataFolder(options.data);
  if (outcome === "database-there") {
    say("The signer's database is there already; it will write the public copies when it starts.");
    return;
  }
  say(
    outcome === "made" ? "Made all keys and the first metadata." : "All of it was there already.",
  );
  say(`Root fingerprint: ${rootFingerprint}`);
  say(`Online keys:      ${data.onlineKeys}`);
  say(`Offline keys:     ${data.offlineKeys}`);
  if (outcome === "made") {
    say(
      "In production move the offline keys to media kept apart; they are needed for `holdfast renew` only.",
    );
  }
}

async function renew(options: RenewOptions): Promise<void> {
  const data = dataFolder(options.data);
  const held = await readOfflineKeys(options.keys ?? data.offlineKeys);
  const door = createCeremonyDoor(data.signerSocket);
  try {
    const renewed = await renewOffline(door, options, held, systemClock);
    for (const { expires, role, version } of renewed)
      say(`${role} ${version} lives until ${expires}`);
    if (renewed.length === 0) say("Nothing is due.");
  } finally {
    door.close();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "options.invalid" || code.startsWith("config.")) return exitCodes.usage;
  if (code === "signer.unreachable") return exitCodes.unreachable;
  return code === "key.unusable" ? exitCodes.unusable : exitCodes.failed;
}

const [, , command = "", ...args] = process.argv;
try {
  const options = parseOptions(command, args);
  if (options.command === "help") process.stdout.write(help);
  else if (options.command === "init") await init(options);
  else await renew(options);
} catch (error) {
  process.stderr.write(
    `holdfast ${command}: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = exitCodeOf(error);
}
