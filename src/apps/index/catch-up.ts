/**
 * Pages that became current without this index having asked, or while it did not hear the answer: after a restart, a
 * lost connection, a restored backup. Follows the signer's list of pages by serial and takes over what it says.
 */
import { UnavailableError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { parsePage, type Page } from "#formats/python/simple-page.ts";
import type { PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { IndexPorts } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";
import { readTruePage } from "./project-pages.ts";

export type CatchUpPorts = Pick<
  IndexPorts,
  "clock" | "door" | "logTrouble" | "published" | "releases"
> & {
  /** Another page of the project is current now. */
  readonly onPage: (project: ProjectName) => void;
};

export class CatchUp {
  readonly #ports: CatchUpPorts;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(ports: CatchUpPorts) {
    this.#ports = ports;
  }

  /** Resolves when everything that was current at the call is known here, or the signer could not be asked. */
  run(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#follow().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #follow(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#followOnce();
      } catch (error) {
        // Not there yet, or its tree is not: the next run comes by itself.
        if (!(error instanceof UnavailableError)) {
          this.#ports.logTrouble("Cannot take over the signer's pages", error);
        }
        return;
      }
    } while (this.#again);
  }

  async #followOnce(): Promise<void> {
    const { door, releases } = this.#ports;
    for (let cursor = await releases.readPagesCursor(); ;) {
      const pointers = await door.readPages(cursor, indexLimits.catchUpPages);
      for (const pointer of pointers) await this.#takeOver(pointer);
      const last = pointers.at(-1)?.serial;
      if (last === undefined || last <= cursor) return;
      await releases.writePagesCursor(last);
      cursor = last;
    }
  }

  async #takeOver(pointer: PagePointer): Promise<void> {
    const { clock, onPage, published, releases } = this.#ports;
    const known = await releases.findPage(pointer.project);
    if (known !== undefined && known.serial >= pointer.serial) return;
    const bytes = await readTruePage(published, pointer);
    if (bytes === undefined) {
      throw new UnavailableError("page.missing", `No page of '${pointer.project}' is published`);
    }
    const page = this.#parse(pointer, bytes);
    if (page !== undefined && (await releases.adoptPage(page, pointer, clock()))) {
      onPage(pointer.project);
    }
  }

  /** A page that no version of this program reads is passed over: it must not hold up the others. */
  #parse(pointer: PagePointer, bytes: Uint8Array): Page | undefined {
    try {
      return parsePage(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#ports.logTrouble(`Cannot read the page of project '${pointer.project}'`, error);
      return undefined;
    }
  }
}
