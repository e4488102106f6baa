/**
 * Where a key's note lies (`formats/ceremony/signing-note.ts`): beside a key file as `<file>.signed`; for keys in an
 * agent or behind a program in the person's state folder, by key id.
 */
import { isAbsolute, join } from "node:path";
import {
  formatSigningNote,
  parseSigningNote,
  signingNoteLimits,
} from "#formats/ceremony/signing-note.ts";
import type { SigningNote } from "#formats/ceremony/signing-note.ts";
import type { SignerReference } from "#formats/ceremony/signer-reference.ts";
import { RefusedError } from "#core/errors.ts";
import { isCode, writeRenamedFile } from "#stores/folder/renamed-file.ts";
import { readTravellingFile } from "#stores/folder/travelling-file.ts";
import { lstat } from "node:fs/promises";

export type Environment = Readonly<Record<string, string | undefined>>;

export function signingNotePath(
  reference: SignerReference,
  keyId: string,
  env: Environment,
): string {
  if (reference.kind === "file") return signingNoteOf(reference.path);
  const { HOME: home = "", XDG_STATE_HOME: state = "" } = env;
  // The XDG specification: a relative path is not a path.
  const folder = isAbsolute(state) ? state : join(home, ".local", "state");
  return join(folder, "holdfast", "signed", `${keyId}.signed`);
}

/** Of a key in this file. */
export function signingNoteOf(path: string): string {
  return `${path}.signed`;
}

/** undefined where there is none. Throws RefusedError `ceremony.unknown-root` for another key's, FormatError. */
export async function readSigningNote(
  path: string,
  keyId: string,
): Promise<SigningNote | undefined> {
  if (!(await isThere(path))) return undefined;
  const note = parseSigningNote(await readTravellingFile(path, signingNoteLimits.sizeMax));
  if (note.keyId === keyId) return note;
  throw new RefusedError(
    "ceremony.unknown-root",
    `Cannot use the note ${path}: it is that of the key sha256:${note.keyId}; where another key has taken its file's name, put the note aside with the old key`,
  );
}

/** Durable: what a key has signed is remembered before the signature is seen. */
export async function writeSigningNote(path: string, note: SigningNote): Promise<void> {
  await writeRenamedFile(path, formatSigningNote(note), { durable: true });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}
