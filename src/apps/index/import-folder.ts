/**
 * `admin import`: a folder of wheels and sdists, taken in as uploads are. Many at once, so that the signer batches
 * them; what is here already is passed over, so that an import that was cut short can be run again.
 */
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { UnavailableError } from "#core/errors.ts";
import type { LocalFile, LocalFolders } from "#core/releases/local-folders.ts";
import type { ReleaseStore } from "#core/releases/release-store.ts";
import type { Outbox } from "#core/releases/outbox.ts";
import type { Clock } from "#core/ports.ts";
import { refusalOf } from "./error-response.ts";
import { indexLimits } from "./limits.ts";
import type { Publisher, Publishing } from "./publishing.ts";
import { storeStream, type Receiving } from "./receive-upload.ts";
import { WaitingRoom } from "./waiting-room.ts";

export type ImportPorts = Receiving & {
  readonly clock: Clock;
  readonly folders: LocalFolders;
  readonly outbox: Outbox;
  readonly publishing: Publishing;
  readonly releases: ReleaseStore;
};

export type ImportOptions = {
  readonly folder: string;
  readonly publisher: Publisher;
  /** What the pages will say: when the import ran, or when each file was last written. */
  readonly uploadTime: "modified" | "now";
  readonly sizeMax: number;
};

/** One line of the answer. */
export type ImportEvent =
  | { readonly kind: "found"; readonly files: number; readonly ignored: number }
  | { readonly kind: "file"; readonly path: string; readonly result: "imported" | "present" }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly result: "refused";
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly kind: "done";
      readonly imported: number;
      readonly present: number;
      readonly refused: number;
    };

type Result = "imported" | "present" | { readonly code: string; readonly message: string };

/** Files read, checked and synced side by side: disks take many syncs in the time of one. */
const readersMax = 16;
const waitingMax = 256;

const importable = /\.(?:whl|tar\.gz|zip)$/;

/** Ends with UnavailableError when storage fails: the rest would fail too. */
export async function importFolder(
  ports: ImportPorts,
  options: ImportOptions,
  tell: (event: ImportEvent) => void,
): Promise<void> {
  const all = await ports.folders.listFiles(options.folder);
  const files = all.filter(({ filename }) => importable.test(filename));
  tell({ kind: "found", files: files.length, ignored: all.length - files.length });
  const counts = { imported: 0, present: 0, refused: 0 };
  const finish = (path: string, result: Result): void => {
    if (typeof result === "string") {
      counts[result] += 1;
      tell({ kind: "file", path, result });
    } else {
      counts.refused += 1;
      tell({ kind: "file", path, result: "refused", ...result });
    }
  };
  await runImport(ports, options, files, finish);
  tell({ kind: "done", ...counts });
}

async function runImport(
  ports: ImportPorts,
  options: ImportOptions,
  files: readonly LocalFile[],
  finish: (path: string, result: Result) => void,
): Promise<void> {
  const waiting = new WaitingRoom(waitingMax);
  const queue = files[Symbol.iterator]();
  const failures: unknown[] = [];
  const readOne = async (file: LocalFile): Promise<void> => {
    const taken = await takeIn(ports, options, file);
    if (typeof taken === "string" || "code" in taken) {
      finish(file.path, taken);
      return;
    }
    await waiting.enter(async () => {
      try {
        finish(file.path, await awaitPublished(ports, taken.changeId));
      } catch (error) {
        // The readers stop, too.
        failures.push(error);
      }
    });
  };
  const reader = async (): Promise<void> => {
    for (const file of queue) {
      if (failures.length > 0) return;
      await readOne(file).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: readersMax }, reader));
  await waiting.empty();
  if (failures.length > 0) throw failures[0];
}

async function takeIn(
  ports: ImportPorts,
  options: ImportOptions,
  file: LocalFile,
): Promise<Result | { readonly changeId: string }> {
  const { filename, size } = file;
  try {
    if (size > options.sizeMax) {
      return { code: "upload.too-large", message: `The file has ${size} bytes: too many.` };
    }
    const { project } = parseDistributionFilename(filename);
    const incoming = await ports.files.receive();
    try {
      const stored = await storeStream(file.stream(), incoming, ports.createBlake2b256);
      const taken = await ports.publishing.publishFile(
        { filename, size: stored.size, digests: stored.digests, incoming },
        project,
        options.publisher,
        options.uploadTime === "modified" ? file.modifiedAt : ports.clock(),
      );
      return taken === "published" ? "present" : taken;
    } finally {
      await incoming.discard();
    }
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    const { code, message, status } = refusalOf(error);
    return status === 500 && code === "internal"
      ? { code: "file.unreadable", message: reason(error) }
      : { code, message };
  }
}

/** A signer that is away keeps an import waiting, not failing. */
async function awaitPublished(ports: ImportPorts, id: string): Promise<Result> {
  for (;;) {
    const outcome = await ports.outbox.wait(id, indexLimits.publishWaitMs);
    if (outcome === "pending") {
      if (ports.outbox.isStopped)
        return { code: "signer.unreachable", message: "Stopped before it was published." };
      continue;
    }
    if (outcome.kind === "published") return "imported";
    return { code: outcome.code, message: outcome.message };
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? `Cannot read it: ${error.message}` : "Cannot read it.";
}
