/**
 * The upload form as twine, uv, poetry, pdm, hatch and flit send it: multipart, fields in any order, before and after
 * the file. The file goes to disk as it arrives, all its hashes computed on the way; nothing larger than a field is held
 * in memory. Whatever goes wrong, what was received is thrown away.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { createHash, type StreamingHash } from "#crypto/hash.ts";
import { RefusedError } from "#core/errors.ts";
import type { FileStore, IncomingFile } from "#core/releases/file-store.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { indexLimits } from "./limits.ts";

export type Digests = {
  /** Lower-case hex. */
  readonly md5: string;
  readonly sha256: string;
  readonly blake2b256: string;
};

export type ReceivedFile = {
  readonly filename: string;
  readonly size: number;
  readonly digests: Digests;
  readonly incoming: IncomingFile;
};

export type UploadForm = {
  /** Values in order; empty ones and `UNKNOWN`, which some clients send for nothing, are left out. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly content: ReceivedFile;
};

/** Where a file goes while it arrives. */
export type Receiving = {
  readonly files: FileStore;
  readonly createBlake2b256: () => Promise<StreamingHash>;
};

/** RefusedError `upload.form`, `upload.too-large`, `request.timeout`; UnavailableError `storage.*`. */
export async function receiveUpload(
  request: IncomingMessage,
  receiving: Receiving,
  sizeMax: number,
): Promise<UploadForm> {
  checkLength(request, sizeMax);
  const parser = createParser(request, sizeMax);
  const reader = new FormReader(parser, receiving);
  const fail = (error: unknown): void => reader.fail(error);
  const onClose = (): void => {
    if (!request.complete) fail(formError("the connection was closed before its end"));
  };
  const timer = setTimeout(() => fail(tooSlow()), indexLimits.uploadMs);
  request.setTimeout(indexLimits.uploadIdleMs, () => fail(tooSlow()));
  request.on("close", onClose);
  request.on("error", fail);
  request.pipe(parser);
  try {
    return await reader.form;
  } finally {
    clearTimeout(timer);
    request.unpipe(parser);
    request.off("close", onClose);
    request.setTimeout(indexLimits.idleMs);
  }
}

class FormReader {
  readonly form: Promise<UploadForm>;
  readonly #receiving: Receiving;
  readonly #fields = new Map<string, string[]>();
  #fieldsSize = 0;
  readonly #finished = Promise.withResolvers<void>();
  #content: Promise<ReceivedFile> | undefined;
  #stream: Readable | undefined;

  constructor(parser: BusboyInstance, receiving: Receiving) {
    this.#receiving = receiving;
    parser.on("field", (name, value, _nameCut, valueCut) => this.#takeField(name, value, valueCut));
    parser.on("file", (name, stream, filename) => this.#takeFile(name, stream, filename));
    parser.on("partsLimit", () => this.fail(formError("it has too many parts")));
    parser.on("error", () => this.fail(formError("it is not well-formed multipart/form-data")));
    parser.on("finish", () => this.#finished.resolve());
    this.form = this.#read();
  }

  fail(error: unknown): void {
    this.#finished.reject(error);
  }

  async #read(): Promise<UploadForm> {
    try {
      await this.#finished.promise;
      if (this.#content === undefined) throw formError("it has no file in the part 'content'");
      return { fields: this.#fields, content: await this.#content };
    } catch (error) {
      // The file may be in the middle of arriving; nobody will feed its stream any more.
      this.#stream?.destroy(new Error("The upload was given up"));
      const content = await this.#content?.catch(() => undefined);
      await content?.incoming.discard();
      throw error;
    }
  }

  #takeField(name: string | undefined, value: string, isCut: boolean): void {
    this.#fieldsSize += value.length + (name?.length ?? 0);
    if (isCut || this.#fieldsSize > indexLimits.formFieldsSizeMax) {
      this.fail(formError(`field ${quoteText(name ?? "")} is too long`));
    } else if (name === undefined) {
      this.fail(formError("a part has no name"));
    } else if (name === "content") {
      this.fail(formError("the part 'content' must be a file: it has no file name"));
    } else if (value !== "" && value !== "UNKNOWN") {
      const values = this.#fields.get(name);
      if (values === undefined) this.#fields.set(name, [value]);
      else values.push(value);
    }
  }

  #takeFile(
    name: string | undefined,
    stream: Readable & { truncated: boolean },
    filename: string,
  ): void {
    stream.on("error", () => this.fail(formError("it ends in the middle of the file")));
    if (name === "content" && this.#content === undefined && filename !== undefined) {
      this.#stream = stream;
      this.#content = receiveFile(this.#receiving, stream, filename);
      this.#content.catch((error: unknown) => this.fail(error));
      return;
    }
    stream.resume();
    // Old twine sends OpenPGP signatures, which nobody reads any more.
    if (name === "gpg_signature") return;
    const what = name === "content" ? "two files" : `an unknown file part ${quoteText(name ?? "")}`;
    this.fail(formError(`it has ${what}`));
  }
}

async function receiveFile(
  receiving: Receiving,
  stream: Readable & { readonly truncated: boolean },
  filename: string,
): Promise<ReceivedFile> {
  const incoming = await receiving.files.receive();
  try {
    const { size, digests } = await storeStream(stream, incoming, receiving.createBlake2b256);
    if (stream.truncated) {
      throw new RefusedError("upload.too-large", "The file is larger than this index takes.");
    }
    return { filename, size, digests, incoming };
  } catch (error) {
    await incoming.discard();
    throw error;
  }
}

/** Writes a file while hashing it: one pass. */
export async function storeStream(
  stream: AsyncIterable<Uint8Array>,
  incoming: IncomingFile,
  createBlake2b256: Receiving["createBlake2b256"],
): Promise<{ readonly size: number; readonly digests: Digests }> {
  const hashes = {
    md5: createHash("md5"),
    sha256: createHash("sha256"),
    blake2b256: await createBlake2b256(),
  };
  let size = 0;
  for await (const chunk of stream) {
    hashes.md5.update(chunk);
    hashes.sha256.update(chunk);
    hashes.blake2b256.update(chunk);
    size += chunk.byteLength;
    await incoming.write(chunk);
  }
  return {
    size,
    digests: {
      md5: hashes.md5.digestHex(),
      sha256: hashes.sha256.digestHex(),
      blake2b256: hashes.blake2b256.digestHex(),
    },
  };
}

function checkLength(request: IncomingMessage, sizeMax: number): void {
  const length = Number(request.headers["content-length"] ?? 0);
  if (length > sizeMax + indexLimits.formFieldsSizeMax) {
    throw new RefusedError(
      "upload.too-large",
      `The file is larger than this index takes (${sizeMax} bytes).`,
    );
  }
}

function createParser(request: IncomingMessage, sizeMax: number): BusboyInstance {
  const type = request.headers["content-type"] ?? "";
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (!/^multipart\/form-data *;/i.test(type) || encoding !== "identity") {
    throw formError("expected multipart/form-data");
  }
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": type },
      preservePath: true,
      fileHwm: 262_144,
      limits: {
        fieldSize: indexLimits.formFieldSizeMax,
        parts: indexLimits.formPartsMax,
        fileSize: sizeMax,
        headerPairs: 20,
        headerSize: indexLimits.formHeaderSizeMax,
      },
    });
  } catch {
    throw formError("its boundary cannot be read");
  }
}

function formError(reason: string): RefusedError {
  return new RefusedError("upload.form", `Cannot read this upload: ${reason}.`);
}

function tooSlow(): RefusedError {
  return new RefusedError("request.timeout", "The upload stopped arriving.");
}
