/** `npm run format`: writes every file as `npm run check` wants to see it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "./source-tree.ts";
import { answerHelp } from "./usage.ts";

const usage = `Usage: npm run format

Writes every file as npm run check wants to see it. Takes no options.
`;

answerHelp(process.argv.slice(2), usage);
const oxfmt = join(projectRoot, "node_modules", ".bin", "oxfmt");
process.exitCode = spawnSync(oxfmt, [], { cwd: projectRoot, stdio: "inherit" }).status ?? 1;
