#!/usr/bin/env node
/** `holdfast-dev TOOL`: runs tools/TOOL.ts (or bench/main.ts) for those who work on Holdfast; package.json's scripts name them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, runScript } from "./bootstrap.js";

const [tool = "", ...args] = process.argv.slice(2);
const script = tool === "bench" ? "bench/main.ts" : `tools/${tool}.ts`;
if (!/^[a-z-]+$/.test(tool) || !existsSync(join(projectRoot, script))) {
  process.stderr.write(`holdfast-dev: there is no tool "${tool}"\n`);
  process.exit(64);
}
await runScript(script, args);
