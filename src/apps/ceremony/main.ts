/**
 * `holdfast init`, `renew` and `ceremony`: the one program that opens offline keys, for as long as it takes to sign.
 * README.md says what an operator has to know.
 */
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { systemAskLine } from "#stores/host/ask-line.ts";
import { systemClock } from "#stores/host/clock.ts";
import { systemRandom } from "#stores/host/random.ts";
import { systemSignerPorts } from "#stores/signers/system-signer-ports.ts";
import { createCeremonyDoor } from "./ceremony-door.ts";
import { ceremonyExitCode } from "./exit-codes.ts";
import { initDataFolder } from "./init.ts";
import { readOfflineKeys } from "./offline-keys.ts";
import { help, parseOptions } from "./options.ts";
import type { InitOptions, RenewOptions } from "./options.ts";
import { runCeremony } from "./program.ts";
import { renewOffline } from "./renew.ts";

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

async function ceremony(args: readonly string[]): Promise<number> {
  return await runCeremony(
    args,
    {
      clock: systemClock,
      random: systemRandom,
      signerPorts: systemSignerPorts,
      ask: systemAskLine(),
      openDoor: createCeremonyDoor,
    },
    {
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
    },
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [, , command = "", ...args] = process.argv;
try {
  if (command === "ceremony") process.exitCode = await ceremony(args);
  else {
    const options = parseOptions(command, args);
    if (options.command === "help") process.stdout.write(help);
    else if (options.command === "init") await init(options);
    else await renew(options);
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // What the signer answered may stand in it.
  process.stderr.write(`holdfast ${command}: ${terminalText(message)}\n`);
  process.exitCode = ceremonyExitCode(error);
}
