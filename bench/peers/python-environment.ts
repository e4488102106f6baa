/** A virtual environment per Python peer, made once in the cache folder. */

import { access, rename, rm } from "node:fs/promises";
import path from "node:path";
import { emptyEnvironment, runCommand } from "#bench/child.ts";

export type PythonEnvironment = {
  readonly bin: string;
  /** Of the first package asked for. */
  readonly version: string;
};

export async function ensurePythonEnvironment(
  cache: string,
  name: string,
  packages: readonly string[],
): Promise<PythonEnvironment> {
  const folder = path.join(cache, `venv-${name}`);
  const bin = path.join(folder, "bin");
  const marker = path.join(folder, "complete");
  const complete = await access(marker).then(
    () => true,
    () => false,
  );
  if (!complete) {
    await rm(folder, { recursive: true, force: true });
    await runCommand("python3", ["-m", "venv", folder]);
    await runCommand(path.join(bin, "pip"), ["install", "--quiet", ...packages], {
      env: registryEnvironment(),
    });
    const list = path.join(folder, "packages.txt");
    await runCommand("/bin/sh", ["-c", '"$1/pip" freeze > "$2"', "sh", bin, list]);
    await rename(list, marker);
  }
  const first = (packages[0] ?? name).replace(/\[.*/, "");
  const shown = await runCommand(path.join(bin, "pip"), ["show", first]);
  return { bin, version: /^Version: (\S+)/m.exec(shown)?.[1] ?? "unknown" };
}

/** What pip needs to reach its registry from here: the caller's own pip settings and network settings. */
export function registryEnvironment(): Record<string, string> {
  const env = emptyEnvironment();
  for (const [name, value] of Object.entries(process.env)) {
    if (
      value !== undefined &&
      /^(PIP_|SSL_|HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy|HOME$)/.test(name)
    ) {
      env[name] = value;
    }
  }
  return env;
}
