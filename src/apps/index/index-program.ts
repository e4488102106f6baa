/**
 * The index as a thing with a life: made from ports, so that tests run it on memory and main.ts on the machine. Holds
 * no key and reads none.
 */
import type { Server } from "node:http";
import { createAccountOffice } from "#core/accounts/account-office.ts";
import type { SecretFile } from "#core/accounts/secret-file.ts";
import { createAdminHandler, type AdminHandler } from "./admin-app.ts";
import { createParts } from "./index-parts.ts";
import type { IndexPorts, IndexSettings } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";
import { createPlainPages } from "./plain-pages.ts";
import { addPlainReads } from "./plain-reads.ts";
import { createRequestHandler, type RequestHandler } from "./request-handler.ts";

export type SecretFiles = {
  readonly firstToken: SecretFile;
  readonly proxyCredentials: SecretFile;
};

export type IndexProgram = {
  readonly handle: RequestHandler;
  readonly handleAdmin: AdminHandler;
  /** Answers the plainest page requests of this server before its parser sees them. Answers how to end that. */
  attach(server: Server): () => void;
  /** Tidies up after an earlier end and takes up what it left. Resolves when requests may come. */
  start(): Promise<void>;
  /** Those who wait are let go; what is unanswered stays recorded. */
  stop(): void;
};

export function createIndex(
  ports: IndexPorts,
  settings: IndexSettings,
  secrets: SecretFiles,
): IndexProgram {
  const parts = createParts(ports, settings);
  const { authenticator, catchUp, metrics, outbox, pages, publishing } = parts;
  const office = createAccountOffice({
    ...ports,
    ...secrets,
    onTokensChanged: () => authenticator.forget(),
  });
  let cancelTimer: (() => void) | undefined;
  let isStopped = false;

  const tick = async (): Promise<void> => {
    await catchUp.run();
    try {
      await ports.releases.sweepOutbox(new Date(ports.clock().getTime() - indexLimits.answeredMs));
    } catch (error) {
      ports.logTrouble("Cannot forget old answers", error);
    }
    if (!isStopped) cancelTimer = ports.timer(indexLimits.catchUpMs, () => void tick());
  };

  return {
    handle: createRequestHandler(parts),
    handleAdmin: createAdminHandler({ parts, office }),
    attach(server) {
      // Credentials are not read there, so a private index answers nothing on that way.
      if (settings.isPrivate) return () => {};
      const answered: Parameters<typeof createPlainPages>[0]["answered"] = (get, bytes, at) => {
        metrics.countRequest(200, bytes);
        const { path, wishes } = get;
        const agent = wishes.userAgent ?? "";
        const time = at.toISOString();
        ports.logAccess({ time, method: "GET", path, status: 200, bytes, ms: 0, agent });
      };
      return addPlainReads(server, createPlainPages({ pages, clock: ports.clock, answered }));
    },
    async start() {
      await ports.files.sweepIncoming();
      await office.open(settings.isPrivate);
      await outbox.start();
      await tick();
      publishing.sweepOrphans().then(
        (count) => {
          if (count > 0) ports.logTrouble(`Removed ${count} stored files that no record named`);
        },
        (error: unknown) =>
          ports.logTrouble("Cannot look for stored files without a record", error),
      );
    },
    stop() {
      isStopped = true;
      cancelTimer?.();
      outbox.stop();
    },
  };
}
