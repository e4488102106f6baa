/**
 * Keeps files in a folder file store and ends: a program for a test to watch. Arguments: the folder, then for each file
 * in turn its name, a SHA-256 (the store does not ask whether it is that of the bytes), and its size.
 */
import { openFolderFileStore } from "#stores/folder/file-store.ts";

const [root = "", ...files] = process.argv.slice(2);
let drafts = 0;
const store = await openFolderFileStore(root, (size) => new Uint8Array(size).fill((drafts += 1)));
for (const file of files) {
  const [sha256 = "", size] = file.split(":");
  const incoming = await store.receive();
  await incoming.write(new Uint8Array(Number(size)));
  await incoming.keep(sha256, new Uint8Array(3));
}
