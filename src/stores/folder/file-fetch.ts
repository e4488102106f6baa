/** `Fetch` for `file:` URLs: the client's rules applied to a public tree on this machine, as a mirror would serve it. */
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "#core/errors.ts";
import type { Fetch } from "#core/ports.ts";

export const fetchFile: Fetch = async ({ url }, { sizeMax }) => {
  const path = fileURLToPath(url);
  try {
    if ((await stat(path)).size > sizeMax) {
      throw new UnavailableError("network.size", `Cannot take ${path}: over ${sizeMax} bytes`);
    }
    return { status: 200, headers: {}, body: new Uint8Array(await readFile(path)) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { status: 404, headers: {}, body: new Uint8Array() };
    }
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError("network.connect", `Cannot read ${path}`, error);
  }
};
