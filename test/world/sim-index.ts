/**
 * An index in memory, as the proxy meets one: the public tree of design 4 over `SimTufRepository`. It does what it is
 * told; whoever sits on the network does the rest.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { denyPath, pageTarget } from "#core/tuf/layout.ts";
import { formatDenyList } from "#formats/deny/deny-list.ts";
import type { Denial } from "#formats/deny/deny-list.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage } from "#formats/python/simple-page.ts";
import type { PageFile } from "#formats/python/simple-page.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import { hashedTargetPath } from "#formats/tuf/target-path.ts";
import type { Answer, SimResponse } from "./sim-network.ts";
import { SimTufRepository, actor, keyIdOf } from "./tuf-repository.ts";

export const simOrigin = "https://index.example";

export type SimFile = {
  readonly project: ProjectName;
  readonly filename: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly metadata: Uint8Array | undefined;
};

export type SimFileOptions = {
  readonly metadata?: string;
  readonly yanked?: boolean | string;
  /** Where it is hosted instead. */
  readonly elsewhere?: string;
};

const bins = ["bin-0", "bin-1"];

export class SimIndex {
  readonly tuf: SimTufRepository;
  /** By path below the origin; what an intruder at the file store changes. */
  readonly objects: Map<string, Uint8Array> = new Map();
  readonly #pages: Map<ProjectName, PageFile[]> = new Map();

  /** Indexes of different owners share no key. */
  constructor(owner = "") {
    this.tuf = new SimTufRepository(owner);
    this.tuf.listsHashes = true;
    this.tuf.delegate("targets", { name: "deny", paths: [denyPath] });
    for (const name of ["claimed", "recently-claimed", "unclaimed"]) {
      this.tuf.delegate("targets", { name, paths: ["simple/*/index.json"] });
    }
    this.tuf.delegateBins("unclaimed", "bin", 1, bins);
  }

  /** Must be called once before anything is asked for. */
  async open(): Promise<this> {
    await this.tuf.publishAll();
    return this;
  }

  get root(): Uint8Array {
    const root = this.tuf.files.get("1.root.json");
    if (root === undefined) throw new Error("The index is not open");
    return root;
  }

  async publishFile(
    filename: string,
    content: string | Uint8Array,
    options: SimFileOptions = {},
  ): Promise<SimFile> {
    const { project, version } = parseDistributionFilename(filename);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const metadata =
      options.metadata === undefined ? undefined : new TextEncoder().encode(options.metadata);
    const sha256 = sha256Hex(bytes);
    const path = `/files/${project}/${sha256}/${filename}`;
    if (options.elsewhere === undefined) this.objects.set(path, bytes);
    if (metadata !== undefined) this.objects.set(`${path}.metadata`, metadata);
    const file: PageFile = {
      filename,
      url: options.elsewhere ?? fileUrl(project, sha256, filename),
      sha256,
      size: bytes.length,
      uploadTime: "2026-11-20T08:00:00.000000Z",
      yanked: options.yanked ?? false,
      version,
      ...(metadata !== undefined && { coreMetadata: sha256Hex(metadata) }),
    };
    const others = this.#pages.get(project)?.filter((other) => other.filename !== filename) ?? [];
    this.#pages.set(project, [...others, file]);
    await this.publishPage(project);
    return { project, filename, sha256, bytes, metadata };
  }

  async removeFile({ project, filename }: SimFile): Promise<void> {
    const files = this.#pages.get(project) ?? [];
    this.#pages.set(
      project,
      files.filter((file) => file.filename !== filename),
    );
    await this.publishPage(project);
  }

  /** The page's bytes as they would be published. */
  pageBytes(name: string): Uint8Array {
    const project = normaliseProjectName(name);
    const files = this.#pages.get(project) ?? [];
    const versions = [...new Set(files.map(({ version }) => version))];
    return formatPage({ name: project, status: "active", versions, files });
  }

  /** Signs a page, its own bytes or others, and makes it visible. */
  async publishPage(name: string, bytes: Uint8Array = this.pageBytes(name)): Promise<void> {
    await this.publishTarget(this.binOf(name), pageTarget(normaliseProjectName(name)), bytes);
  }

  binOf(name: string): string {
    const roles = {
      namePrefix: "bin",
      bitLength: 1,
      keyIds: [keyIdOf(actor("bin"))],
      threshold: 1,
    };
    return binName(roles, pageTarget(normaliseProjectName(name)));
  }

  async deny(...denials: readonly Denial[]): Promise<void> {
    await this.publishTarget("deny", denyPath, formatDenyList(denials));
  }

  async publishTarget(role: string, path: string, bytes: Uint8Array): Promise<void> {
    const sha256 = sha256Hex(bytes);
    this.objects.set(`/targets/${hashedTargetPath(path, sha256)}`, bytes);
    const hashes = new Map([["sha256", sha256]]);
    this.tuf.targets.get(role)?.targets.set(path, { length: bytes.length, hashes });
    await this.tuf.publish(role, "snapshot", "timestamp");
  }

  /** Where the page's bytes lie. */
  pagePath(name: string): string {
    const path = pageTarget(normaliseProjectName(name));
    return `/targets/${hashedTargetPath(path, sha256Hex(this.pageBytes(name)))}`;
  }

  readonly answer: Answer = async ({ url }) => {
    const path = decodeURIComponent(url.pathname);
    const body = path.startsWith("/tuf/")
      ? this.tuf.files.get(path.slice("/tuf/".length))
      : this.objects.get(path);
    return body === undefined ? notFound : { status: 200, body };
  };
}

export const notFound: SimResponse = { status: 404, body: new Uint8Array(0) };
