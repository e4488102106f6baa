/**
 * A signer without keys, in memory: keeps pages as the real one does and answers as it does, but signs nothing. For
 * tests of the index, which trusts the signer's answers and verifies nothing itself.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { UnavailableError } from "#core/errors.ts";
import type { PublishedFiles } from "#core/releases/published-files.ts";
import type { SignerDoor } from "#core/releases/signer-door.ts";
import type { Change, ChangeRefusedCode, ChangeResult, PagePointer } from "#formats/door/change.ts";
import type { SignerStatus } from "#formats/door/signer-status.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage, type Page, type PageFile } from "#formats/python/simple-page.ts";

export type MemorySigner = {
  readonly door: SignerDoor;
  readonly published: PublishedFiles;
  /** Every change it was sent, resent ones too. */
  readonly received: Change[];
  /** Files of `/tuf/` by name. */
  readonly metadata: Map<string, Uint8Array>;
  /** Pages by hash: what a disk would hold, and an intruder could change. */
  readonly pages: Map<string, Uint8Array>;
  /** What it says of its roles and keys. */
  trust: Pick<SignerStatus, "heldKeys" | "keys" | "newestRootFingerprint" | "roles">;
  /** While true, nothing is answered: every request throws, done or not. */
  isDown: boolean;
  /** Until it resolves, answers wait. */
  gate: Promise<void>;
  /** Refuses a change it answers with a code for. */
  refuse: (change: Change) => ChangeRefusedCode | undefined;
};

export function createMemorySigner(): MemorySigner {
  const projects = new Map<ProjectName, Page>();
  const pointers = new Map<ProjectName, PagePointer>();
  const results = new Map<string, ChangeResult>();
  let serial = 0;

  const publish = (change: Change): ChangeResult => {
    const code = signer.refuse(change);
    if (code !== undefined) {
      return { id: change.id, outcome: "refused", code, message: `Refused: ${code}` };
    }
    const page = applyChange(projects.get(change.project), change);
    const bytes = formatPage(page);
    const sha256 = sha256Hex(bytes);
    serial += 1;
    const pointer = { project: change.project, sha256, size: bytes.byteLength, serial };
    projects.set(change.project, page);
    pointers.set(change.project, pointer);
    signer.pages.set(sha256, bytes);
    return { id: change.id, outcome: "published", page: pointer };
  };

  const checkUp = (): void => {
    if (signer.isDown) throw new UnavailableError("signer.unreachable", "Cannot reach the signer");
  };

  const signer: MemorySigner = {
    received: [],
    metadata: new Map(),
    pages: new Map(),
    trust: { roles: [], keys: [], heldKeys: [] },
    isDown: false,
    gate: Promise.resolve(),
    refuse: () => undefined,
    door: {
      async sendChange(change) {
        signer.received.push(change);
        checkUp();
        await signer.gate;
        const result = results.get(change.id) ?? publish(change);
        results.set(change.id, result);
        checkUp();
        return result;
      },
      async readPages(after, limit) {
        checkUp();
        return [...pointers.values()]
          .filter((pointer) => pointer.serial > after)
          .toSorted((a, b) => a.serial - b.serial)
          .slice(0, limit);
      },
      async readStatus() {
        checkUp();
        return {
          serial,
          batch: serial,
          waiting: 0,
          projects: projects.size,
          bins: 0,
          clockBehindMs: 0,
          rootFingerprint: "sha256:",
          ...signer.trust,
        };
      },
      backup: async () => checkUp(),
    },
    published: {
      readPage: async (_project, sha256) => signer.pages.get(sha256),
      readMetadata: async (name) => signer.metadata.get(name),
      async readTimestampMark() {
        const bytes = signer.metadata.get("timestamp.json");
        return bytes && sha256Hex(bytes);
      },
    },
  };
  return signer;
}

function applyChange(page: Page | undefined, change: Change): Page {
  const { project } = change;
  const current: Page = page ?? { name: project, status: "active", versions: [], files: [] };
  switch (change.kind) {
    case "add-file":
      return withFiles(current, [
        ...current.files.filter(({ filename }) => filename !== change.filename),
        pageFileOf(change),
      ]);
    case "yank-file":
      return withFiles(
        current,
        current.files.map((file) =>
          file.filename === change.filename ? { ...file, yanked: change.yanked } : file,
        ),
      );
    case "remove-file":
      return withFiles(
        current,
        current.files.filter(({ filename }) => filename !== change.filename),
      );
    case "set-status": {
      const { name, versions, files } = current;
      const reason = change.reason === undefined ? {} : { statusReason: change.reason };
      return { name, versions, files, status: change.status, ...reason };
    }
  }
}

function withFiles(page: Page, files: readonly PageFile[]): Page {
  return { ...page, files, versions: [...new Set(files.map(({ version }) => version))] };
}

function pageFileOf(change: Extract<Change, { kind: "add-file" }>): PageFile {
  const { project, filename, version, sha256, size, uploadTime } = change;
  const { requiresPython, coreMetadata } = change;
  return {
    filename,
    url: fileUrl(project, sha256, filename),
    sha256,
    size,
    uploadTime,
    ...(requiresPython !== undefined && { requiresPython }),
    yanked: false,
    ...(coreMetadata !== undefined && { coreMetadata }),
    version,
  };
}
