/** What the signer published, answered as it lies there: TUF metadata, and every page that ever was current. */
import { sha256Hex } from "#crypto/hash.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { ByteCache } from "./byte-cache.ts";
import type { IndexPorts } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";
import { readTruePage, simpleContentTypes } from "./project-pages.ts";
import { Representation } from "./representation.ts";

/** Version, dot, role. Only these never change; role names of ours need no more characters. */
const versionedName = /^[1-9][0-9]*\.[A-Za-z0-9][A-Za-z0-9._-]*\.json$/;

const timestampName = "timestamp.json";

export class PublishedBodies {
  readonly #published: IndexPorts["published"];
  readonly #cacheScope: "private" | "public";
  readonly #cache = new ByteCache<Representation>(indexLimits.pageCacheSize / 2);
  #timestamp: { readonly mark: string; readonly body: Representation } | undefined;

  constructor(published: IndexPorts["published"], cacheScope: "private" | "public") {
    this.#published = published;
    this.#cacheScope = cacheScope;
  }

  get cacheSize(): number {
    return this.#cache.size;
  }

  /** A file of `/tuf/`, or undefined. */
  async metadata(name: string): Promise<Representation | undefined> {
    if (name === timestampName) return this.#readTimestamp();
    if (!versionedName.test(name)) return undefined;
    return this.#immutable(`tuf/${name}`, "application/json", () =>
      this.#published.readMetadata(name),
    );
  }

  /** `/targets/simple/<project>/<sha256>.index.json`, or undefined. TrustError when it was changed on disk. */
  async page(project: ProjectName, sha256: string): Promise<Representation | undefined> {
    return this.#immutable(`page/${project}/${sha256}`, simpleContentTypes.json, () =>
      readTruePage(this.#published, { project, sha256 }),
    );
  }

  async #immutable(
    key: string,
    contentType: string,
    read: () => Promise<Uint8Array | undefined>,
  ): Promise<Representation | undefined> {
    const known = this.#cache.find(key);
    if (known !== undefined) return known;
    const bytes = await read();
    if (bytes === undefined) return undefined;
    const made = await this.#represent(
      bytes,
      contentType,
      `${this.#cacheScope}, max-age=31536000, immutable`,
    );
    this.#cache.set(key, made, made.size);
    return made;
  }

  async #readTimestamp(): Promise<Representation | undefined> {
    const mark = await this.#published.readTimestampMark();
    if (mark === undefined) return undefined;
    if (this.#timestamp?.mark === mark) return this.#timestamp.body;
    const bytes = await this.#published.readMetadata(timestampName);
    if (bytes === undefined) return undefined;
    const body = await this.#represent(
      bytes,
      "application/json",
      `${this.#cacheScope}, max-age=1, must-revalidate`,
    );
    // Replaced between the two reads, these are newer than their mark, and the next request reads once more.
    this.#timestamp = { mark, body };
    return body;
  }

  #represent(
    bytes: Uint8Array,
    contentType: string,
    cacheControl: string,
  ): Promise<Representation> {
    const tag = sha256Hex(bytes);
    return Representation.create(
      { contentType, cacheControl, tag, vary: "Accept-Encoding" },
      bytes,
    );
  }
}
