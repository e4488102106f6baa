/** Which steps of publication were reached, a line each, written before the next action begins. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LogLevel } from "#formats/config/config.ts";
import type { Steps } from "#core/publication/steps.ts";

export const stepLogName = "signer-steps.jsonl";

export type StepLog = Steps & { close(): void };

/** Into `folder` at levels debug and trace; nowhere otherwise. */
export function openStepLog(folder: string, level: LogLevel): StepLog {
  if (level !== "debug" && level !== "trace") {
    return { reached: () => undefined, close: () => undefined };
  }
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, stepLogName), "a", 0o640);
  return {
    reached(step) {
      writeSync(file, `{"time":"${new Date().toISOString()}","step":"${step}"}\n`);
    },
    close: () => closeSync(file),
  };
}
