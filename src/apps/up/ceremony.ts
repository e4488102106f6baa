/** Runs the ceremony, the one program that opens the offline keys, to its end. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { UnavailableError } from "#core/errors.ts";
import type { Life } from "#stores/host/life.ts";

const script = join(import.meta.dirname, "..", "ceremony", "main.ts");

/** UnavailableError `program.died` when it fails; what it prints for people goes to our stderr. */
export async function runCeremony(args: readonly string[], life: Life): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, HOLDFAST_PARENT_PID: String(process.pid) },
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  // It is never cut short: it ends by itself within a moment, and what it writes belongs together.
  life.onStop("ceremony", async () => void (await ended));
  const how = await ended;
  if (how === "0") return;
  const [command = "ceremony"] = args;
  throw new UnavailableError("program.died", `Cannot go on: holdfast ${command} failed (${how})`);
}
