/** Copies of a repository's tree, of which each contender gets its own. */
import { copyFile, cp, link, mkdir, readdir } from "node:fs/promises";
import path from "node:path";

/** What never changes is linked; whoever writes replaces files, as all contenders do. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name === "timestamp.json") await copyFile(path.join(from, name), path.join(to, name));
    else await link(path.join(from, name), path.join(to, name));
  }
}

/** A made index's data folder, whose files nobody changes in place but the signer's database. */
export async function copyIndex(from: string, to: string): Promise<void> {
  const tree = path.join("public", "tuf");
  await cp(from, to, {
    recursive: true,
    filter: (source) => path.relative(from, source) !== tree,
  });
  await copyTree(path.join(from, tree), path.join(to, tree));
}
