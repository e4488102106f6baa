/** Signing what was shown, and bringing signatures together. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { formatCeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { keyFingerprint } from "#formats/ceremony/key-card.ts";
import { parseSignerReference } from "#formats/ceremony/signer-reference.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { RefusedError } from "#core/errors.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import type { Ceremony } from "#core/ceremony/open-ceremony.ts";
import { addSignature, combine, missingSignatures, rolesOfKey } from "#core/ceremony/signatures.ts";
import {
  checkNotOlder,
  checkNotSignedBefore,
  judgeRoot,
  remember,
  rootFingerprint,
} from "#core/ceremony/signing-memory.ts";
import type { RootKnowledge } from "#core/ceremony/signing-memory.ts";
import { replaceTravellingFile, writeTravellingFile } from "#stores/folder/travelling-file.ts";
import { openSigner } from "#stores/signers/open-signer.ts";
import type { OpenedSigner } from "#stores/signers/open-signer.ts";
import {
  readSigningNote,
  signingNotePath,
  writeSigningNote,
} from "#stores/signers/signing-notes.ts";
import { readCeremony } from "./ceremony-world.ts";
import type { CeremonyWorld } from "./ceremony-world.ts";
import { demandLines, descriptionLines, holdersByKey, numberLine } from "./description-lines.ts";
import { checkNotRefused, checkProposed, judgeCeremony } from "./judged.ts";
import { collect } from "./role-options.ts";

type SignOptions = {
  readonly key: string;
  readonly passphraseFile?: string;
  readonly fingerprint?: string;
  readonly insteadOf?: readonly string[];
  readonly yes?: boolean;
  readonly out?: string;
};

const signExamples = `
Shows the file, asks, and signs every role in it that the key counts for. Beside the key it keeps a
note (KEYFILE.signed; for agents and commands in the state folder) of the root its holder saw last
and of what the key signed last: a root that does not follow from it, and a second content for one
version, are refused. Without a note, give the fingerprint that the index has published, of its
first root or of a later one.

Examples:
  holdfast ceremony sign next.ceremony --key ada.key
  holdfast ceremony sign next.ceremony --key ssh-agent: --out next-bob.ceremony
  holdfast ceremony sign next.ceremony --key ada.key --fingerprint sha256:… --yes`;

export function addSignCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("sign")
    .description("show a ceremony file and sign it")
    .argument("<file>", "a ceremony file")
    .requiredOption("--key <key>", "FILE, ssh-agent:[SHA256:…] or command:'…'")
    .option("--passphrase-file <file>", "read the passphrase from its first line")
    .option(
      "--fingerprint <sha256:…>",
      "of the first root or a later one, as you know it from elsewhere",
    )
    .option("--instead-of <sha256:…>", "forget that the key signed this for the version", collect)
    .option("--yes", "do not ask")
    .option("--out <file>", "write here instead of into the file itself")
    .addHelpText("after", signExamples)
    .action((path: string, options: SignOptions) => sign(world(), path, options));
}

async function sign(world: CeremonyWorld, path: string, options: SignOptions): Promise<void> {
  const now = world.clock();
  const file = await readCeremony(path);
  checkProposed(file, "sign");
  const { ceremony, description, refusals } = judgeCeremony(file, now);
  for (const line of descriptionLines(description, now)) world.output.note(line);
  checkNotRefused(refusals, "sign");
  const reference = parseSignerReference(options.key);
  const ports = world.signerPorts(options.passphraseFile);
  const opened = await openSigner(reference, ports);
  try {
    const { keyId } = opened.signer.key;
    const notePath = signingNotePath(reference, keyId, ports.env);
    const note = await readSigningNote(notePath, keyId);
    const word = {
      ...(options.fingerprint !== undefined && { rootFingerprint: options.fingerprint }),
      ...(options.insteadOf !== undefined && { insteadOf: options.insteadOf }),
    };
    const knowledge = judgeRoot(ceremony, note, word);
    checkNotOlder(ceremony, note);
    const roles = rolesOfKey(ceremony, keyId);
    checkNotSignedBefore(ceremony, roles, note, word);
    // Once more: much may have been shown since.
    world.output.note("");
    world.output.note(numberLine(description.hash));
    await confirm(world, ceremony, roles, knowledge, opened, options.yes === true);
    const signed = await addSignature(file, opened.signer);
    await writeSigningNote(notePath, remember(ceremony, roles, keyId, note));
    const bytes = formatCeremonyFile(signed.file);
    const out = resolve(options.out ?? path);
    if (options.out === undefined) await replaceTravellingFile(out, bytes);
    else await writeTravellingFile(out, bytes);
    printSigned(world, signed, out);
  } finally {
    await opened.close();
  }
}

/** Throws RefusedError `ceremony.unconfirmed`, `ceremony.no-part`, `ceremony.unknown-root`. */
async function confirm(
  { ask, output }: CeremonyWorld,
  { current, next }: Ceremony,
  roles: readonly OfflineRole[],
  knowledge: RootKnowledge,
  { kind, signer }: OpenedSigner,
  isAgreed: boolean,
): Promise<void> {
  const fingerprint = keyFingerprint(signer.key);
  if (roles.length === 0) {
    throw new RefusedError(
      "ceremony.no-part",
      `Cannot sign: the key ${fingerprint} counts for nothing in this ceremony`,
    );
  }
  output.note(`Your key (${kind}): ${fingerprint}`);
  output.note(
    `It signs: ${roles.map((role) => `${role} ${next[role]?.value.version}`).join(", ")}`,
  );
  output.note(`The root in force: ${knowledgeWords[knowledge]}`);
  if (knowledge === "unknown" && current !== undefined && (isAgreed || ask === undefined)) {
    throw new RefusedError(
      "ceremony.unknown-root",
      `Cannot sign unasked: this key signs for the first time and knows no root; give the fingerprint that its index has published, --fingerprint (the file says ${rootFingerprint(current.root.bytes)})`,
    );
  }
  if (isAgreed) return;
  if (ask === undefined) {
    throw new RefusedError(
      "ceremony.unconfirmed",
      "Cannot sign: nobody is at a terminal to be asked; add --yes once you have read it",
    );
  }
  const answer = await ask('Sign this? Type "yes" and Enter: ');
  if (answer.trim() === "yes") return;
  throw new RefusedError("ceremony.unconfirmed", "Nothing was signed, as you said");
}

const knowledgeWords: Readonly<Record<RootKnowledge, string>> = {
  "first-ceremony": "none; this is the first ceremony of an index",
  known: "as this key's note remembers it, or its successor",
  told: "the one whose fingerprint you gave, or one that follows from it",
  unknown:
    "NOT KNOWN. This key signs for the first time: compare one of the fingerprints above, of the root in force or of the one it follows from, with what the index has published elsewhere before you say yes",
};

function printSigned(
  { output }: CeremonyWorld,
  { file, roles }: Awaited<ReturnType<typeof addSignature>>,
  out: string,
): void {
  const ceremony = openCeremony(file);
  const missing = missingSignatures(ceremony);
  output.print({ signed: roles, out, missing }, () => [
    `Signed: ${roles.join(", ")}`,
    `Written: ${out}`,
    missing.length === 0 ? "All signatures are there." : "More signatures are needed.",
  ]);
}

const combineExamples = `
Example:
  holdfast ceremony combine next-ada.ceremony next-bob.ceremony --out next.ceremony`;

export function addCombineCommand(program: Command, world: () => CeremonyWorld): void {
  program
    .command("combine")
    .description("bring the signatures of several copies of one ceremony together")
    .argument("<files...>", "ceremony files that say the same but for signatures")
    .requiredOption("--out <file>", "where the ceremony file goes")
    .addHelpText("after", combineExamples)
    .action((paths: readonly string[], options: { readonly out: string }) =>
      combineFiles(world(), paths, resolve(options.out)),
    );
}

async function combineFiles(
  world: CeremonyWorld,
  paths: readonly string[],
  out: string,
): Promise<void> {
  const files = [];
  for (const path of paths) files.push(await readCeremony(path));
  const file = combine(files);
  const { description, missing, refusals } = judgeCeremony(file, world.clock());
  checkNotRefused(refusals, "combine");
  await writeTravellingFile(out, formatCeremonyFile(file));
  const holders = holdersByKey(description.roles);
  world.output.print({ out, missing, hash: description.hash }, () => [
    `Written: ${out}`,
    ...(missing.length === 0 ? ["All signatures are there."] : ["More signatures are needed:"]),
    ...missing.flatMap((demand) => demandLines(demand, holders)),
  ]);
}
