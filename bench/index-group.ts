/** The index beside nginx, devpi-server, pypiserver and proxpi, driven by one load generator. */

import path from "node:path";
import { runCommand } from "./child.ts";
import { installNginx, startNginx } from "./peers/nginx.ts";
import { ensurePythonEnvironment } from "./peers/python-environment.ts";
import type { Bench, Scenario, ScenarioGroup } from "./scenario.ts";
import { downloads } from "./scenarios/downloads.ts";
import { installs } from "./scenarios/installs.ts";
import { largeUpload } from "./scenarios/large-upload.ts";
import { pages } from "./scenarios/pages.ts";
import { scale } from "./scenarios/scale.ts";
import { uploads } from "./scenarios/uploads.ts";

const SCENARIOS: readonly Scenario[] = [pages, downloads, uploads, installs, scale, largeUpload];

export const indexGroup: ScenarioGroup = {
  title: "The index beside other indexes",
  how: [
    "Every contender ran in the same run on the same machine, driven by the same load generator, in interleaved rounds; numbers are medians, ratios are medians of the rounds' ratios.",
    "Every response body was compared, to the last byte, with a body whose hash had been checked. CPU is the server's time per request, all its processes and threads.",
  ],
  scenarios: SCENARIOS.map(({ name }) => name),
  async run(run, chosen) {
    run.say("installing what is missing");
    const nginxVersion = await installNginx();
    const { cache } = run;
    const python = {
      devpi: await ensurePythonEnvironment(cache, "devpi", ["devpi-server"]),
      pypiserver: await ensurePythonEnvironment(cache, "pypiserver", [
        "pypiserver[cache]",
        "waitress",
      ]),
      proxpi: await ensurePythonEnvironment(cache, "proxpi", ["proxpi", "gunicorn"]),
      clients: await ensurePythonEnvironment(cache, "clients", ["uv"]),
    };
    const nginx = await startNginx(path.join(run.work, "nginx"), nginxVersion);
    const bench: Bench = { ...run, nginx, python };
    try {
      for (const scenario of SCENARIOS) {
        if (!chosen.includes(scenario.name)) continue;
        run.say(`== ${scenario.name}`);
        await scenario.run(bench);
      }
    } finally {
      await nginx.child.stop();
    }
    const pip = await runCommand(path.join(python.clients.bin, "pip"), ["--version"]);
    return [
      `Node ${process.versions.node}, nginx ${nginxVersion}, devpi-server ${python.devpi.version}, pypiserver ${python.pypiserver.version}, proxpi ${python.proxpi.version}, pip ${/^pip (\S+)/.exec(pip)?.[1] ?? "unknown"}, uv ${python.clients.version}`,
    ];
  },
};
