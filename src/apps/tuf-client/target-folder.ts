/** Downloaded targets in one folder, one file each, named so that no target path leads out of it. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { quotedName } from "#stores/folder/quoted-name.ts";
import { isCode, writeRenamedFile } from "#stores/folder/renamed-file.ts";
import { storageError } from "#stores/folder/storage-error.ts";
import type { TargetFiles } from "./commands.ts";

export function openTargetFolder(folder: string): TargetFiles {
  return {
    readTarget: async (path, length) => {
      const file = join(folder, quotedName(path));
      try {
        return (await stat(file)).size === length ? await readFile(file) : undefined;
      } catch (error) {
        if (isCode(error, "ENOENT")) return undefined;
        throw storageError(error, `read ${file}`);
      }
    },
    writeTarget: (path, bytes) => writeRenamedFile(join(folder, quotedName(path)), bytes),
  };
}
