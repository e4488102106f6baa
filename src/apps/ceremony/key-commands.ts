/** Keys and their cards: a person's, and those of the signer. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { formatKeyCard, keyFingerprint } from "#formats/ceremony/key-card.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import { formatOnlineCards, namedOnlineRoles } from "#formats/ceremony/online-cards.ts";
import type { NamedOnlineRole } from "#formats/ceremony/online-cards.ts";
import { parseSignerReference } from "#formats/ceremony/signer-reference.ts";
import { holderName } from "#formats/tuf/holder.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { makeKeyFolder } from "#stores/folder/key-file.ts";
import { makeNextOnlineKeys, makeOnlineKeys } from "#stores/folder/online-keys.ts";
import { checkTravellingFile, writeTravellingFile } from "#stores/folder/travelling-file.ts";
import { makeSealedKeyFile } from "#stores/signers/key-files.ts";
import { openSigner } from "#stores/signers/open-signer.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import { collect, invalid } from "./role-options.ts";

type KeyOptions = {
  readonly out?: string;
  readonly key?: string;
  readonly card?: string;
  readonly passphraseFile?: string;
};

const keyExamples = `
The key file is encrypted with a passphrase and belongs on the holder's own media; the card is
public and goes to the ceremony. Its fingerprint is what people compare by voice.

Examples:
  holdfast ceremony key "Ada Lovelace" --out ada.key --card /media/stick/ada.card
  holdfast ceremony key "Bob" --key ssh-agent: --card bob.card
  holdfast ceremony key "Carol" --key "command:my-signer --slot 1" --card carol.card`;

export function addKeyCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("key")
    .description("make a key for a person, or take one they have, and write its public card")
    .argument("<name>", "the holder's name, as others know them")
    .option("--out <file>", "make a new encrypted key in this file")
    .option("--key <key>", "or take this key: FILE, ssh-agent:[SHA256:…], command:'…'")
    .option("--card <file>", "where the card goes (default: the key file with .card)")
    .option("--passphrase-file <file>", "read the passphrase from its first line")
    .addHelpText("after", keyExamples)
    .action((name: string, options: KeyOptions) => writeKeyCard(world(), name, options));
}

async function writeKeyCard(
  world: CeremonyWorld,
  text: string,
  options: KeyOptions,
): Promise<void> {
  const name = holderName(text, "NAME");
  const { card: cardOption, key, out } = options;
  if ((out === undefined) === (key === undefined)) {
    throw invalid("name either a new file with --out or the key you have with --key");
  }
  const cardPath = cardOption ?? (out === undefined ? undefined : `${out}.card`);
  if (cardPath === undefined) throw invalid("with --key, say where the card goes with --card");
  if (out !== undefined && resolve(out) === resolve(cardPath)) {
    throw invalid("--out and --card name the same file");
  }
  // A key whose card could not be written would be in the way of the next attempt.
  await checkTravellingFile(resolve(cardPath));
  const card =
    out === undefined
      ? await cardOfKey(world, name, key ?? "", options)
      : await makeKey(world, name, resolve(out), options);
  await writeTravellingFile(resolve(cardPath), formatKeyCard(card));
  const fingerprint = keyFingerprint(card.key);
  world.output.print({ name, kind: card.kind, fingerprint, card: resolve(cardPath) }, () => [
    ...(out === undefined
      ? []
      : [`Key:         ${resolve(out)} (keep it, and a copy, to yourself)`]),
    `Card:        ${resolve(cardPath)} (public: it goes to the ceremony)`,
    `Fingerprint: ${fingerprint}`,
  ]);
}

async function makeKey(
  world: CeremonyWorld,
  name: string,
  path: string,
  { passphraseFile }: KeyOptions,
): Promise<KeyCard> {
  const ports = {
    random: world.random,
    // Asked twice, or twice the same file.
    askNewPassphrase: world.signerPorts(passphraseFile).askPassphrase,
  };
  const { publicKey } = await makeSealedKeyFile(path, ports);
  return { name, kind: "encrypted-file", key: tufKeyOf(publicKey) };
}

async function cardOfKey(
  world: CeremonyWorld,
  name: string,
  key: string,
  { passphraseFile }: KeyOptions,
): Promise<KeyCard> {
  const opened = await openSigner(parseSignerReference(key), world.signerPorts(passphraseFile));
  try {
    return { name, kind: opened.kind, key: opened.signer.key };
  } finally {
    await opened.close();
  }
}

type OnlineOptions = {
  readonly data: string;
  readonly out: string;
  readonly rotate?: readonly string[];
};

const onlineExamples = `
Works on the signer's machine. The first time it makes all keys that the signer signs with; with
--rotate it makes the next ones beside those in use, which the signer takes once root or targets
names them. The bins' key needs no ceremony: the signer takes its next one by itself.

Examples:
  holdfast ceremony online-keys --data /srv/holdfast --out /media/stick/online.cards
  holdfast ceremony online-keys --data /srv/holdfast --rotate timestamp,snapshot --out next.cards`;

export function addOnlineKeysCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("online-keys")
    .description("make the signer's keys, or the next ones, and write their public cards")
    .option("--data <folder>", "the data folder", "holdfast-data")
    .requiredOption("--out <file>", "where the cards go")
    .option("--rotate <names>", `the next of: ${onlineKeyNames.join(", ")}`, collect)
    .addHelpText("after", onlineExamples)
    .action((options: OnlineOptions) => writeOnlineCards(world(), options));
}

async function writeOnlineCards(
  { output, random }: CeremonyWorld,
  { data: root, out, rotate }: OnlineOptions,
): Promise<void> {
  const data = dataFolder(resolve(root));
  const names = rotate?.flatMap((text) => text.split(",")).map(readOnlineName);
  const cards = new Map<NamedOnlineRole, KeyCard>();
  if (names === undefined) {
    await makeKeyFolder(data.signer);
    const keys = await makeOnlineKeys(data.onlineKeys, random);
    for (const name of namedOnlineRoles)
      cards.set(name, { name, kind: "online", key: keys[name].key });
  } else {
    const keys = await makeNextOnlineKeys(data.onlineKeys, names, random);
    for (const name of namedOnlineRoles) {
      const key = keys[name];
      if (key !== undefined) cards.set(name, { name, kind: "online", key: tufKeyOf(key) });
    }
  }
  await writeTravellingFile(resolve(out), formatOnlineCards(Object.fromEntries(cards)));
  const fingerprints = [...cards].map(([name, { key }]) => [name, keyFingerprint(key)] as const);
  output.print({ out: resolve(out), keys: Object.fromEntries(fingerprints) }, () => [
    `Cards: ${resolve(out)} (public: they go to the ceremony)`,
    ...fingerprints.map(([name, fingerprint]) => `  ${name.padEnd(16)} ${fingerprint}`),
    ...(names?.includes("bins") === true
      ? ["  bins             the signer takes its next key by itself, within a minute"]
      : []),
  ]);
}

function readOnlineName(text: string): OnlineKeyName {
  const name = onlineKeyNames.find((known) => known === text);
  if (name !== undefined) return name;
  throw invalid(`--rotate takes ${onlineKeyNames.join(", ")}, not "${text}"`);
}
