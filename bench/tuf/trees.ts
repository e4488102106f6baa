/** Copies of a repository's tree, of which each contender gets its own. */
import { copyFile, link, mkdir, readdir } from "node:fs/promises";
import path from "node:path";

/** What never changes is linked; whoever writes replaces files, as all contenders do. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name === "timestamp.json") await copyFile(path.join(from, name), path.join(to, name));
    else await link(path.join(from, name), path.join(to, name));
  }
}
