/**
 * The other implementations of TUF as one panel that judges a repository step by step. Each of them is asked twice: as
 * a client that has followed the repository since its first root, with what its state folder holds, and as a fresh one
 * that gets the first root now.
 */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTufSessions } from "#clients/tuf-sessions.ts";
import type { TufAnswer, TufJudgeName, TufSession } from "#clients/tuf-sessions.ts";
import { servePublic } from "./public-server.ts";
import type { PublicServer } from "./public-server.ts";

/** Page's SHA-256 by project; undefined: absent. */
export type ExpectedPages = Readonly<Record<string, string | undefined>>;

/** How each library says the same: the kind of its error, and its sentence. */
export type RefusalTexts = Readonly<Record<TufJudgeName, RegExp>>;

/** `doomed`: with a copy of what the following one knows, for what its trust would not recover from. */
type Kind = "doomed" | "following" | "fresh";

const bothKinds: readonly Kind[] = ["following", "fresh"];

type Watched = {
  readonly server: PublicServer;
  readonly name: string;
  readonly root: string;
};

export class Panel {
  readonly #sessions: readonly TufSession[];
  readonly #folder: string;
  readonly #servers: PublicServer[] = [];
  #turn = 0;

  private constructor(sessions: readonly TufSession[], folder: string) {
    this.#sessions = sessions;
    this.#folder = folder;
  }

  static async open(): Promise<Panel> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-panel-"));
    return new Panel(await openTufSessions(), folder);
  }

  get names(): readonly TufJudgeName[] {
    return this.#sessions.map(({ name }) => name);
  }

  /** A repository to be judged: its first root, and whatever it publishes. */
  async watch(
    name: string,
    firstRoot: Uint8Array,
    readPublic: (path: string) => Uint8Array | undefined,
  ): Promise<Judged> {
    const root = join(this.#folder, `${name}.root.json`);
    await writeFile(root, firstRoot);
    const server = await servePublic(readPublic);
    this.#servers.push(server);
    return new Judged(this, { server, name, root });
  }

  /** Every judge, following and fresh: all at once, for each is a process of its own. */
  async ask(
    { name, root, server }: Watched,
    kinds: readonly Kind[],
    projects: readonly string[],
    judge: (answer: TufAnswer, who: TufJudgeName, title: string) => void,
  ): Promise<void> {
    this.#turn++;
    const ask = async (session: TufSession, kind: Kind): Promise<void> => {
      const folder = join(this.#folder, name, session.name);
      const following = join(folder, "following");
      const state = kind === "following" ? following : join(folder, `${kind}-${this.#turn}`);
      await mkdir(state, { recursive: true });
      if (kind === "doomed") await cp(following, state, { recursive: true });
      const answer = await session.ask({
        state,
        root,
        metadata: new URL("tuf/", server.address).href,
        targets: new URL("targets/", server.address).href,
        // Names of targets that are no pages are given as they are.
        names: projects.map((name) => (name.includes(".") ? name : `simple/${name}/index.json`)),
      });
      judge(answer, session.name, `${session.name}, ${kind}: ${textOf(answer)}`);
    };
    await Promise.all(this.#sessions.flatMap((session) => kinds.map((kind) => ask(session, kind))));
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    for (const server of this.#servers) server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One repository before the panel. */
export class Judged {
  readonly #panel: Panel;
  readonly #watched: Watched;

  constructor(panel: Panel, watched: Watched) {
    this.#panel = panel;
    this.#watched = watched;
  }

  /** All find exactly this. `otherwise` says what a judge is excused to find instead. */
  async find(
    expected: ExpectedPages,
    otherwise: Partial<Record<TufJudgeName, ExpectedPages>> = {},
  ): Promise<void> {
    const projects = Object.keys(expected);
    await this.#panel.ask(this.#watched, bothKinds, projects, (answer, who, title) => {
      assert.equal(answer.kind, "pages", title);
      const found = new Map<string, string | undefined>();
      for (const [name, sha256] of answer.pages) found.set(name.split("/")[1] ?? "", sha256);
      assert.deepEqual(Object.fromEntries(found), { ...(otherwise[who] ?? expected) }, title);
    });
  }

  /** All but those excused refuse the project's page, each with the error that its library has for this. */
  async refuse(
    project: string,
    errors: RefusalTexts,
    excused: readonly TufJudgeName[] = [],
  ): Promise<void> {
    await this.#refuse(bothKinds, project, errors, excused);
  }

  /** As `refuse`, where the timestamp's and snapshot's keys were stolen: what else they signed is believed. */
  async refuseTheft(project: string, errors: RefusalTexts): Promise<void> {
    await this.#refuse(["doomed", "fresh"], project, errors, []);
  }

  async #refuse(
    kinds: readonly Kind[],
    project: string,
    errors: RefusalTexts,
    excused: readonly TufJudgeName[],
  ): Promise<void> {
    await this.#panel.ask(this.#watched, kinds, [project], (answer, who, title) => {
      if (excused.includes(who)) return;
      assert.equal(answer.kind, "refused", title);
      assert.match(`${answer.error}: ${answer.message}`, errors[who], title);
    });
  }

  /** Until `during` is over, a mirror answers these paths with these bytes. */
  async whileLying(
    lies: ReadonlyMap<string, Uint8Array>,
    during: () => Promise<void>,
  ): Promise<void> {
    const { lies: told } = this.#watched.server;
    for (const [path, bytes] of lies) told.set(path, bytes);
    await during();
    told.clear();
  }
}

function textOf(answer: TufAnswer): string {
  if (answer.kind === "refused") return `${answer.error}: ${answer.message}`;
  return [...answer.pages].map(([name, sha256]) => `${name} ${sha256 ?? "absent"}`).join(", ");
}

export const unsigned: RefusalTexts = {
  "go-tuf": /^ErrUnsignedMetadata: /,
  "python-tuf": /^UnsignedMetadataError: /,
  // tuf-js wraps what it says of delegated roles.
  "tuf-js": /^(?:UnsignedMetadataError|RuntimeError): .*was signed by \d\/\d keys/,
};

export const expired: RefusalTexts = {
  "go-tuf": /^ErrExpiredMetadata: /,
  "python-tuf": /^ExpiredMetadataError: /,
  "tuf-js": /^ExpiredMetadataError: /,
};

export const wrongBytes: RefusalTexts = {
  "go-tuf": /^ErrLengthOrHashMismatch: /,
  "python-tuf": /^LengthOrHashMismatchError: /,
  "tuf-js": /^(?:LengthOrHashMismatchError|DownloadLengthMismatchError): /,
};
