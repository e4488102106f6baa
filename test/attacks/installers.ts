/**
 * Who installs while keys are stolen. `saw` has a state folder and met the thief; `missed` has one and did not meet him
 * before the recovery; `fresh` keeps nothing and starts from the root it was shipped with, as every CI job does.
 */
import assert from "node:assert/strict";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Answer } from "#world/sim-network.ts";
import { createSimNetwork } from "#world/sim-network.ts";
import type { SimNetwork } from "#world/sim-network.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { simOrigin } from "#world/sim-index.ts";
import { createSimProxy, simName } from "#world/sim-proxy.ts";
import type { SimProxy } from "#world/sim-proxy.ts";

/** The root that clients come with. */
export type Anchor = { readonly version: number; readonly bytes: Uint8Array };

/** What stands around a client: time, and the honest index. */
export type Around = {
  readonly clock: SimClock;
  readonly answer: Answer;
  /** Of a client that is made now. */
  readonly anchor: Anchor;
};

export type Installer = {
  readonly name: string;
  readonly network: SimNetwork;
  /**
   * pip's way through the proxy, to the last byte. Answers the version that was handed over, `malware` for the thief's
   * bytes, `absent` for a 404, or the refusal's code.
   */
  readonly install: (project: string) => Promise<string>;
  /** Everything it believes; nothing for one that keeps nothing. */
  readonly trusted: () => string;
};

export type Installers = Readonly<Record<"saw" | "missed" | "fresh", Installer>>;

/** Three who have installed these projects honestly, at version 1.0. */
export async function createInstallers(
  around: Around,
  projects: readonly string[],
): Promise<Installers> {
  const installers = {
    saw: await createInstaller("saw", around),
    missed: await createInstaller("missed", around),
    fresh: createStatelessInstaller("fresh", around),
  };
  for (const { install, name } of Object.values(installers)) {
    for (const project of projects) assert.equal(await install(project), "1.0", `honest ${name}`);
  }
  return installers;
}

export function anchorOf(root: Uint8Array): Anchor {
  return { version: parseSigned(root, rootDecoder).value.version, bytes: root };
}

/** One that keeps what it verified, and asks the index each time. */
export async function createInstaller(name: string, around: Around): Promise<Installer> {
  const network = networkOf(around);
  const proxy = await createSimProxy({ clock: around.clock, network }, around.anchor, {
    refreshMs: 0,
  });
  const install = (project: string): Promise<string> => installThrough(proxy, project);
  return { name, network, install, trusted: proxy.trustedState };
}

/** A new one for each install. */
export function createStatelessInstaller(name: string, around: Around): Installer {
  const network = networkOf(around);
  const install = async (project: string): Promise<string> =>
    await installThrough(
      await createSimProxy({ clock: around.clock, network }, around.anchor),
      project,
    );
  return { name, network, install, trusted: () => "" };
}

function networkOf({ answer }: Around): SimNetwork {
  const network = createSimNetwork();
  network.serve(simOrigin, answer);
  return network;
}

async function installThrough(proxy: SimProxy, project: string): Promise<string> {
  const page = await proxy.page(project);
  if (page.status === 404) return "absent";
  if (page.status !== 200) return page.code ?? `status ${page.status}`;
  const { files }: { readonly files: readonly Listed[] } = JSON.parse(page.text);
  const newest = files.at(-1);
  if (newest === undefined) return "absent";
  const path = new URL(newest.url, `http://proxy/${simName}/simple/${project}/`).pathname;
  const file = await proxy.ask(path);
  assert.equal(file.broken, undefined);
  return file.status === 200 ? versionIn(file.text) : (file.code ?? `status ${file.status}`);
}

type Listed = { readonly filename: string; readonly url: string };

/** Stored files name themselves, and what else they are. */
function versionIn(content: string): string {
  const [, version = content, rest] = /^[a-z-]+-([0-9.]+)\.tar\.gz (.*)$/.exec(content) ?? [];
  return rest === "malware" ? "malware" : version;
}
