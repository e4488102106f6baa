/** A secret in a file of its own, readable by its owner alone. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { SecretFile } from "#core/accounts/secret-file.ts";
import { storageError } from "./storage-error.ts";

export function createSecretFile(path: string): SecretFile {
  return {
    async read() {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw storageError(error, `read ${path}`);
      }
    },
    async write(text) {
      const draft = `${path}.${process.pid}.new`;
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rm(draft, { force: true });
        const handle = await open(draft, "wx", 0o600);
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(draft, path);
      } catch (error) {
        throw storageError(error, `write ${path}`);
      }
    },
    remove: () => rm(path, { force: true }),
  };
}
