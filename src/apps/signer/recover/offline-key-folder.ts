/**
 * Offline keys in a folder, as `holdfast init` makes them: root-1.pem …, targets.pem, claimed.pem. New ones are made beside
 * them (`targets.next.pem`), and take their names once they are in force; the stolen ones stay as `targets.stolen.pem`.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { formatInstant } from "#formats/bytes/instant.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { RefusedError } from "#core/errors.ts";
import type { Random } from "#core/ports.ts";
import type { KeyOwner } from "#core/recovery/stolen-keys.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { makeKeyFile, readExistingKey } from "#stores/folder/key-file.ts";
import { isCode, moveFile } from "#stores/folder/renamed-file.ts";
import { signingNoteOf } from "#stores/signers/signing-notes.ts";
import { storageError } from "#stores/folder/storage-error.ts";

const namePattern = /^(?:root-[1-9][0-9]?|targets|claimed)(?:\.next)?\.pem$/;

export class OfflineKeyFolder {
  readonly #folder: string;
  readonly #random: Random;

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  /** Keys in use and keys made. Throws RefusedError `key.unusable`. */
  async readAll(): Promise<readonly TufSigner[]> {
    const signers: TufSigner[] = [];
    for (const name of await this.#names()) signers.push(await this.#read(name));
    if (signers.length > 0) return signers;
    throw new RefusedError(
      "key.unusable",
      `Cannot recover: there are no offline keys in ${this.#folder}`,
    );
  }

  /** One new key beside each that the role has here; the same ones again until they are settled. */
  async makeNew(
    roles: readonly OfflineRole[],
    now: Date,
  ): Promise<ReadonlyMap<KeyOwner, readonly KeyCard[]>> {
    const cards = new Map<KeyOwner, readonly KeyCard[]>();
    for (const role of roles) {
      const made: KeyCard[] = [];
      for (const name of await this.#inUse(role)) {
        const path = join(this.#folder, nextName(name));
        const { key } = tufSigner(await makeKeyFile(path, this.#random));
        // Another holder than the one before: for a while root has both.
        const holder = `${name.slice(0, -".pem".length)} of ${formatInstant(now).slice(0, 10)}`;
        made.push({ name: holder, kind: "file", key });
      }
      cards.set(role, made);
    }
    return cards;
  }

  /** Those of these key ids that are not among the new ones. */
  async oldKeyIds(role: OfflineRole, keyIds: readonly string[]): Promise<readonly string[]> {
    const fresh = new Set<string>();
    for (const name of await this.#names()) {
      if (isOf(role, name) && isNext(name)) fresh.add((await this.#read(name)).key.keyId);
    }
    // Settled before: nothing is old any more.
    return fresh.size === 0 ? [] : keyIds.filter((keyId) => !fresh.has(keyId));
  }

  /** The new keys get the plain names. Done again it finds nothing to do. */
  async settle(stolen: readonly KeyOwner[]): Promise<void> {
    for (const name of await this.#names()) {
      if (!isNext(name) || !stolen.some((owner) => isOf(owner, name))) continue;
      const plain = name.replace(".next.pem", ".pem");
      const [from, to] = [join(this.#folder, name), join(this.#folder, plain)];
      if ((await this.#names()).includes(plain)) {
        const aside = to.replace(/\.pem$/, ".stolen.pem");
        // The note first: beside a key that it is not of, nothing can be signed.
        await moveNote(to, aside);
        await moveFile(to, aside);
      }
      await moveFile(from, to);
    }
  }

  async #inUse(role: OfflineRole): Promise<readonly string[]> {
    const names = (await this.#names()).filter((name) => isOf(role, name));
    const plain = names.filter((name) => !isNext(name));
    // Cut short between two renames: the new one is there alone.
    const lone = names.filter((name) => isNext(name) && !names.includes(plainName(name)));
    return [...plain, ...lone.map(plainName)];
  }

  async #names(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#folder);
      return names.filter((name) => namePattern.test(name)).toSorted((a, b) => (a < b ? -1 : 1));
    } catch (error) {
      if (isCode(error, "ENOENT")) return [];
      throw storageError(error, `read ${this.#folder}`);
    }
  }

  async #read(name: string): Promise<TufSigner> {
    return tufSigner(await readExistingKey(join(this.#folder, name)));
  }
}

/** What a ceremony has the key remember, if it has taken part in one. */
async function moveNote(from: string, to: string): Promise<void> {
  const note = signingNoteOf(from);
  if ((await readdir(dirname(note))).includes(basename(note))) {
    await moveFile(note, signingNoteOf(to));
  }
}

function isOf(owner: KeyOwner, name: string): boolean {
  return name.replace(/(?:-[0-9]+)?(?:\.next)?\.pem$/, "") === owner;
}

function isNext(name: string): boolean {
  return name.endsWith(".next.pem");
}

function nextName(name: string): string {
  return name.replace(/\.pem$/, ".next.pem");
}

function plainName(name: string): string {
  return name.replace(".next.pem", ".pem");
}
