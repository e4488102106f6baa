/** One index as a command reaches it: anchor, credentials and stores of its state folder, over the real network. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "#crypto/secret.ts";
import { RefusedError } from "#core/errors.ts";
import type { Fetch } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import type { Anchor, AnchorWish } from "#core/verdict/anchor.ts";
import type { RefusalStore } from "#core/verdict/refusal.ts";
import { formatBase64 } from "#formats/bytes/base64.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { readCredentials } from "#stores/folder/proxy-state.ts";
import { createFolderRefusalStore } from "#stores/folder/refusal-store.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createHttpClient } from "#stores/host/http-fetch.ts";
import type { HttpClient } from "#stores/host/http-fetch.ts";
import type { Say } from "./connection.ts";
import { createIndexFetch } from "./index-fetch.ts";
import type { IndexAddress } from "./index-fetch.ts";
import type { SourcePorts } from "./index-source.ts";
import { openAnchor } from "./open-anchor.ts";

export type IndexPlace = {
  readonly folder: string;
  readonly address: IndexAddress;
  readonly wish: AnchorWish;
  /** Path; without it `credentials.json` in the folder. */
  readonly credentials: string | undefined;
};

export type IndexConnection = {
  readonly address: IndexAddress;
  readonly anchor: Anchor;
  readonly credentials: () => Promise<Secret | undefined>;
  readonly fetchDocument: Fetch;
  readonly trustedStore: TrustedStore;
  readonly refusals: RefusalStore;
};

/** Throws what `openAnchor` throws, and RefusedError `proxy.credentials`. */
export async function openIndexConnection(
  client: HttpClient,
  { address, credentials: path, folder, wish }: IndexPlace,
  say: Say,
): Promise<IndexConnection> {
  const credentials = credentialsFrom(path ?? join(folder, "credentials.json"));
  // Read now, so that a file that others can read is complained about at once.
  await credentials();
  const { fetchDocument } = createIndexFetch(client, {
    address,
    credentials,
    patienceMs: () => clientLimits.idleMs,
  });
  const trustedStore = createFolderTrustedStore(folder);
  const anchors = createFolderAnchorStore(folder);
  const ports = { clock: systemClock, fetchDocument, anchors, trustedStore };
  const { anchor, isNew } = await openAnchor(ports, address, wish);
  if (isNew && anchor.origin === "first-use") {
    say(
      `Trusting ${address.index.href} on first use. Its root has the fingerprint ${anchor.fingerprint}: compare it with what the owner says. It is remembered in ${folder}`,
    );
  }
  const refusals = createFolderRefusalStore(folder);
  return { address, anchor, credentials, fetchDocument, trustedStore, refusals };
}

export function createClient(): HttpClient {
  return createHttpClient({ userAgent: "holdfast-proxy" });
}

/** The machine, as a source needs it. */
export function systemPorts({
  fetch,
  fetchStream,
}: HttpClient): Pick<SourcePorts, "clock" | "fetch" | "fetchStream" | "sleep"> {
  const sleep = async (ms: number): Promise<void> => void (await delay(ms));
  return { clock: systemClock, sleep, fetch, fetchStream };
}

/** `named`: what names the file, for people. */
export async function readRootFile(path: string, named: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("proxy.state", `Cannot read the root that ${named} names: ${reason}`);
  }
}

/** Read anew each time, so that new credentials need no restart. */
function credentialsFrom(path: string): () => Promise<Secret | undefined> {
  return async () => {
    const read = await readCredentials(path);
    if (read === undefined) return undefined;
    const { password, username } = read;
    return new Secret(formatUtf8(`Basic ${formatBase64(formatUtf8(`${username}:${password}`))}`));
  };
}
