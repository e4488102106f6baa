/** proxpi: a caching proxy, here in front of the nginx of the same run, started as its image starts it. */

import path from "node:path";
import { emptyEnvironment, freePort, startChild, waitForPort } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";
import type { PythonEnvironment } from "./python-environment.ts";

export type ProxpiPeer = { readonly child: Child; readonly port: number };

export async function startProxpi(
  environment: PythonEnvironment,
  upstream: string,
  logFile: string,
): Promise<ProxpiPeer> {
  const port = await freePort();
  const child = startChild(
    path.join(environment.bin, "gunicorn"),
    ["--preload", "--bind", `127.0.0.1:${port}`, "--threads", "2", "proxpi.server:app"],
    {
      logFile,
      env: emptyEnvironment({
        PROXPI_INDEX_URL: upstream,
        PROXPI_INDEX_TTL: "86400",
        PROXPI_LOGGING_LEVEL: "WARNING",
      }),
    },
  );
  await waitForPort(port, child);
  return { child, port };
}
