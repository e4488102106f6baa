import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * The folder and those above it that are missing. Answers whether it was made. Node's own `recursive` asks again for ever
 * where a file system says of a folder below one that is there that there is no such file, as /proc does; a path that
 * somebody names must not be able to keep a server busy.
 */
export async function makeFolders(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return false;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
  }
  await makeFolders(dirname(path), mode);
  await mkdir(path, { mode });
  return true;
}
