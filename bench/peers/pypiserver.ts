/** pypiserver: a folder of packages, HTML pages only; its own choice of server (waitress) and its cached folder backend. */

import path from "node:path";
import { freePort, startChild, waitForPort } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";
import type { PythonEnvironment } from "./python-environment.ts";

export type PypiserverPeer = { readonly child: Child; readonly port: number };

export async function startPypiserver(
  environment: PythonEnvironment,
  packages: string,
  logFile: string,
): Promise<PypiserverPeer> {
  const port = await freePort();
  const child = startChild(
    path.join(environment.bin, "pypi-server"),
    [
      "run",
      ...["--interface", "127.0.0.1"],
      ...["--port", String(port)],
      ...["--backend", "cached-dir"],
      ...["--hash-algo", "sha256"],
      "--disable-fallback",
      packages,
    ],
    { logFile },
  );
  await waitForPort(port, child);
  return { child, port };
}
