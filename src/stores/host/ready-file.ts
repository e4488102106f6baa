/**
 * The file by which a program says that it accepts connections: it appears complete, by rename, with one JSON object.
 * It may hold a token, so only its owner can read it.
 */
import { rename, rm, writeFile } from "node:fs/promises";
import { RefusedError } from "#core/errors.ts";

export async function writeReadyFile(path: string, value: object): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeFile(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new RefusedError(
      "ready-file.unwritable",
      `Cannot write the ready file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Takes away what an earlier run left, so that nobody reads yesterday's addresses as today's. */
export async function removeReadyFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
