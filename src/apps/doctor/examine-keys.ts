/** Who can read the secrets on this machine, and which of them should not be on it. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import type { Finding } from "./finding.ts";

export function examineKeys(data: DataFolder): readonly Finding[] {
  return [
    examineOfflineKeys(data.offlineKeys),
    ...examinePermissions([data.onlineKeys, data.offlineKeys, data.firstToken]),
  ];
}

function examineOfflineKeys(folder: string): Finding {
  const files = listFiles(folder);
  if (files === undefined) {
    return {
      level: "good",
      code: "keys.out-of-reach",
      subject: folder,
      message: "This user cannot look into it; run this as its owner too",
    };
  }
  if (files.length === 0) {
    return {
      level: "good",
      code: "keys.offline-away",
      subject: folder,
      message: "The offline keys (root, targets, claimed) do not lie here",
    };
  }
  return {
    level: "warning",
    code: "keys.offline-here",
    subject: folder,
    message:
      "The offline keys (root, targets, claimed) lie on this machine: whoever takes it can replace every key and " +
      "every page. Fine for a try; in production move this folder to a medium kept apart, and bring it back only " +
      "for `holdfast renew`",
  };
}

/** Secrets are for their owner alone, and so are the folders that hold them. */
function examinePermissions(paths: readonly string[]): readonly Finding[] {
  const secrets = paths
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, ...(listFiles(path) ?? [])]);
  const open = secrets.filter((path) => (statSync(path).mode & 0o077) !== 0);
  if (open.length === 0) {
    return [
      {
        level: "good",
        code: "keys.permissions",
        subject: "secrets",
        message: `${secrets.length} files and folders with secrets are readable by their owner alone`,
      },
    ];
  }
  return open.map((path) => ({
    level: "fault",
    code: "keys.permissions",
    subject: path,
    message: `Other users of this machine can read it: chmod ${statSync(path).isDirectory() ? "700" : "600"} it`,
  }));
}

/** All files below a folder; none for a file, and for a folder that is not there; undefined where this user may not look. */
function listFiles(folder: string): readonly string[] | undefined {
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EACCES") return undefined;
    throw error;
  }
}
