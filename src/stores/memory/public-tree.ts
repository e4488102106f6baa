/** A public tree for simulated worlds; what `files` holds survives the process that wrote it. */
import { oversizedFile } from "#core/publication/public-tree.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";

export function createMemoryPublicTree(files: Map<string, Uint8Array> = new Map()): PublicTree {
  return {
    read: async (path, sizeMax) => {
      const bytes = files.get(path);
      if (bytes !== undefined && bytes.byteLength > sizeMax) throw oversizedFile(path, sizeMax);
      return bytes;
    },
    readSize: async (path) => files.get(path)?.byteLength,
    async write(path, pieces) {
      files.set(path, new Uint8Array(Buffer.concat(pieces)));
    },
    async replacePointer(path, expected, bytes) {
      const held = files.get(path);
      if (!sameBytes(held, expected)) return false;
      files.set(path, bytes);
      return true;
    },
    async remove(path) {
      files.delete(path);
    },
    async list(folder) {
      const names = new Set<string>();
      for (const path of files.keys()) {
        if (!path.startsWith(`${folder}/`)) continue;
        names.add(path.slice(folder.length + 1).split("/", 1)[0] ?? "");
      }
      return [...names];
    },
  };
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.byteLength === right.byteLength && left.every((byte, at) => byte === right[at]);
}
