/**
 * Fetches and verifies targets of a TUF repository with tuf-js, as any JavaScript program would: answers each line of
 * its input as ../python-tuf/fetch.py does. The first argument is the folder whose node_modules hold tuf-js.
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [packages] = process.argv.slice(2);
const { Updater } = createRequire(join(packages, "package.json"))("tuf-js");

async function fetchAll({ metadata, names, root, state, targets }) {
  const metadataDir = join(state, "metadata");
  const targetDir = join(state, "targets");
  mkdirSync(metadataDir, { recursive: true });
  mkdirSync(targetDir, { recursive: true });
  const held = join(metadataDir, "root.json");
  if (!existsSync(held)) copyFileSync(root, held);
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: metadata,
    targetDir,
    targetBaseUrl: targets,
    config: { fetchRetries: 0 },
  });
  await updater.refresh();
  const pages = {};
  for (const name of names) pages[name] = await fetchTarget(updater, name);
  return pages;
}

async function fetchTarget(updater, name) {
  const info = await updater.getTargetInfo(name);
  if (info === undefined) return null;
  const path = await updater.downloadTarget(info);
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function answer(question) {
  try {
    return { pages: await fetchAll(question) };
  } catch (error) {
    return { refused: error.constructor.name, message: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
