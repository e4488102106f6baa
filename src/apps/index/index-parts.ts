/** The parts of a running index, made once and wired to each other. */
import { createBlake2b256Maker } from "#crypto/blake2b.ts";
import type { StreamingHash } from "#crypto/hash.ts";
import { createAuthenticator, type Authenticator } from "#core/accounts/authentication.ts";
import type { AppliedChange } from "#core/releases/catalogue.ts";
import { Outbox } from "#core/releases/outbox.ts";
import { CatchUp } from "./catch-up.ts";
import { FileAnswers } from "./file-answers.ts";
import type { IndexPorts, IndexSettings } from "./index-ports.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { Metrics } from "./metrics.ts";
import { ProjectCards } from "./project-cards.ts";
import { ProjectList } from "./project-list.ts";
import { ProjectPages } from "./project-pages.ts";
import { PublishedBodies } from "./published-bodies.ts";
import { Publishing } from "./publishing.ts";
import { RoleWatch } from "./role-watch.ts";

export type IndexParts = {
  readonly ports: IndexPorts;
  readonly settings: IndexSettings;
  readonly authenticator: Authenticator;
  readonly pages: ProjectPages;
  readonly list: ProjectList;
  readonly cards: ProjectCards;
  readonly bodies: PublishedBodies;
  readonly files: FileAnswers;
  readonly outbox: Outbox;
  readonly publishing: Publishing;
  readonly catchUp: CatchUp;
  readonly metrics: Metrics;
  readonly roleWatch: RoleWatch;
  readonly createBlake2b256: () => Promise<StreamingHash>;
  /** Uploads under way now. */
  readonly uploads: { count: number };
};

/** Pages are pointers: stale for seconds at most, and asked about again with their ETag. */
const pageMaxAgeSeconds = 5;

export function createParts(ports: IndexPorts, settings: IndexSettings): IndexParts {
  const scope = settings.isPrivate ? "private" : "public";
  const pageControl = `${scope}, max-age=${pageMaxAgeSeconds}`;
  const pages = new ProjectPages(ports, pageControl);
  const list = new ProjectList(ports.releases, pageControl);
  const bodies = new PublishedBodies(ports.published, scope);
  const uploads = { count: 0 };

  const onApplied = async (applied: AppliedChange): Promise<void> => {
    const { change, page } = applied;
    if (page !== undefined) {
      pages.forget(change.project);
      list.forget(change.project, change.kind === "set-status");
    }
    await publishing.removeUnneeded(applied);
  };
  const catchUp = new CatchUp({
    ...ports,
    onPage(project) {
      pages.forget(project);
      list.forget(project, true);
    },
  });
  const outbox = new Outbox({
    store: ports.releases,
    door: ports.door,
    clock: ports.clock,
    timer: ports.timer,
    onApplied,
    onReconnected: () => void catchUp.run(),
    onTrouble: (error) => ports.logTrouble("Cannot reach the signer, or record its answer", error),
  });
  const publishing = new Publishing({ ...ports, outbox, locks: new KeyedLock() });
  const roleWatch = new RoleWatch(ports);
  const metrics = new Metrics({
    readSignerStatus: () => roleWatch.read(),
    outboxSize: () => outbox.size,
    // Without changes the outbox asks nothing, and would not notice for days.
    isSignerConnected: async () => outbox.isConnected && (await roleWatch.read()) !== undefined,
    cacheSize: () => pages.cacheSize + bodies.cacheSize,
    uploadsUnderWay: () => uploads.count,
  });
  return {
    ports,
    settings,
    authenticator: createAuthenticator(ports),
    pages,
    list,
    cards: new ProjectCards(ports, pageControl),
    bodies,
    files: new FileAnswers(ports, scope),
    outbox,
    publishing,
    catchUp,
    metrics,
    roleWatch,
    createBlake2b256: createBlake2b256Maker(),
    uploads,
  };
}
