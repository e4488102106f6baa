/**
 * The stage of every attack: an index that is honest, a proxy that has verified it once, and a client that installs
 * as pip and uv do. An attacker is whoever sits on the network, at the file store, or in the user's browser.
 */
import assert from "node:assert/strict";
import { sha256Hex } from "#crypto/hash.ts";
import type { ProxyConfig } from "#apps/proxy/create-proxy.ts";
import { createProxyWorld } from "#world/proxy-world.ts";
import { simName } from "#world/sim-proxy.ts";
import type { ProxyWorld } from "#world/proxy-world.ts";
import type { Answered, Ask } from "#world/sim-proxy.ts";
import type { SimFile, SimIndex } from "#world/sim-index.ts";
import type { Interposer, SimResponse } from "#world/sim-network.ts";
import { assertRefused, assertServed } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export type Scene = {
  readonly world: ProxyWorld;
  readonly index: SimIndex;
  /** Installed once already: the honest run. */
  readonly seen: SimFile;
  /** Not asked for yet: nothing of it is in any cache. */
  readonly victim: SimFile;
  /** Page, `.metadata` and file, as pip and uv ask for them. */
  readonly install: (file: SimFile, ask?: Ask) => Promise<Outcome>;
};

export async function createScene(config: Partial<ProxyConfig> = {}): Promise<Scene> {
  const world = await createProxyWorld(config);
  const { index } = world;
  const seen = await publish(index, "seen");
  const victim = await publish(index, "victim");
  await publish(index, "other");
  const install = (file: SimFile, ask: Ask = {}): Promise<Outcome> => installFrom(world, file, ask);
  assertServed(await install(seen), seen.bytes, "the honest run");
  return { world, index, seen, victim, install };
}

export async function publish(
  index: SimIndex,
  name: string,
  version = "1.0",
  content = `the wheel of ${name} ${version}`,
): Promise<SimFile> {
  return await index.publishFile(`${name}-${version}-py3-none-any.whl`, content, {
    metadata: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
  });
}

/** pip and uv each; both must be refused with `code`, and the proxy must believe what it believed before. */
export async function assertAttackRefused(scene: Scene, code: string, what: string): Promise<void> {
  const before = scene.world.trustedState();
  for (const agent of ["pip", "uv"] as const) {
    assertRefused(await scene.install(scene.victim, { agent }), code, `${what} (${agent})`);
  }
  assert.equal(scene.world.trustedState(), before, `The attack succeeded: ${what} changed trust`);
  const kept = (await scene.world.refusals.readRefusals()).map(({ code: kept }) => kept);
  assert.ok(kept.includes(code), `${code} is listed for holdfast status`);
}

/** The attacker leaves and time passes: the honest run works again. */
export async function assertRecovers(scene: Scene): Promise<void> {
  scene.world.network.interpose(undefined);
  scene.world.clock.advance(61_000);
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "after the attack");
}

/** `name`: the first segment of the proxy's addresses. */
export async function installFrom(
  world: Pick<ProxyWorld, "ask" | "page">,
  file: SimFile,
  ask: Ask,
  name: string = simName,
): Promise<Outcome> {
  const page = await world.page(file.project, ask);
  const refusedPage = refusalIn(page);
  if (refusedPage !== undefined) return refusedPage;
  const listed = fileOnPage(page, file.filename);
  if (listed === undefined) {
    return { kind: "served", what: "a page without the file", bytes: page.bytes };
  }
  const path = (url: string): string =>
    new URL(url, `http://proxy/${name}/simple/${file.project}/`).pathname;
  if (listed.metadata !== undefined) {
    const metadata = await world.ask(`${path(listed.url)}.metadata`, ask);
    const refused = refusalIn(metadata);
    if (refused !== undefined) return refused;
    if (sha256Hex(metadata.bytes) !== listed.metadata) {
      return { kind: "served", what: "metadata that differs", bytes: metadata.bytes };
    }
  }
  const answer = await world.ask(path(listed.url), ask);
  return refusalIn(answer) ?? servedFile(answer, file);
}

function servedFile(answer: Answered, file: SimFile): Outcome {
  const { bytes } = answer;
  const right = Buffer.from(bytes).equals(Buffer.from(file.bytes));
  const what = right ? file.filename : `${file.filename} with other bytes`;
  return { kind: "served", what, bytes };
}

/** A refusal in any of its forms: a problem document, pip's content type, a connection that breaks. */
function refusalIn(answer: Answered): Outcome | undefined {
  const { broken, code, status } = answer;
  if (broken !== undefined) return { kind: "refused", code: codeOf(broken), status };
  if (code !== undefined) return { kind: "refused", code, status };
  if (status === 200) return undefined;
  return { kind: "refused", code: `status.${status}`, status };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "none";
}

type Listed = { readonly url: string; readonly metadata: string | undefined };

function fileOnPage(page: Answered, filename: string): Listed | undefined {
  const document: {
    readonly files: readonly {
      readonly filename: string;
      readonly url: string;
      readonly "core-metadata"?: { readonly sha256: string };
    }[];
  } = JSON.parse(page.text);
  const found = document.files.find((file) => file.filename === filename);
  return found && { url: found.url, metadata: found["core-metadata"]?.sha256 };
}

/** Someone who answers requests whose path matches, and lets the others pass. */
export function answering(
  path: RegExp,
  answer: (honest: SimResponse) => SimResponse | Promise<SimResponse>,
): Interposer {
  return async (request, honest) => {
    const response = await honest(request);
    return path.test(request.url.pathname) ? await answer(response) : response;
  };
}

/** The body's bytes with one bit changed in the middle. */
export function bitFlipped({ body, status }: SimResponse): SimResponse {
  assert.ok(body instanceof Uint8Array);
  const changed = Uint8Array.from(body);
  const middle = changed.length >> 1;
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  return { status, body: changed };
}

export function bytesOf(response: SimResponse): Uint8Array {
  assert.ok(response.body instanceof Uint8Array);
  return response.body;
}
