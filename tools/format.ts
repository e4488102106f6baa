/** `npm run format`: writes every file as `npm run check` wants to see it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "./source-tree.ts";

const oxfmt = join(projectRoot, "node_modules", ".bin", "oxfmt");
process.exitCode = spawnSync(oxfmt, [], { cwd: projectRoot, stdio: "inherit" }).status ?? 1;
