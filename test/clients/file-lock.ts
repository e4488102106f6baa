/**
 * Lets one process at a time do something slow into a shared folder. The lock is an open transaction of an empty
 * database: the system lets go of it when its holder dies, however that happens.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

const pollMs = 200;

/** Runs `action` while holding the lock at `path`; fails when it cannot be had within `timeoutMs`. */
export async function withFileLock<T>(
  path: string,
  timeoutMs: number,
  action: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = performance.now() + timeoutMs;
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    while (!isTaken(lock)) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot lock ${path}: another process has held it for ${timeoutMs} ms`);
      }
      await delay(pollMs);
    }
    return await action();
  } finally {
    lock.close();
  }
}

function isTaken(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes("locked")) {
      return false;
    }
    throw error;
  }
}
