/**
 * `npm run check`: format, lint, types, walls and documents, all of them every time, so that one run shows everything
 * there is to mend.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { findFaults, readDocuments } from "./docs.ts";
import { projectRoot, readSourceTree } from "./source-tree.ts";
import { answerHelp } from "./usage.ts";
import { findViolations } from "./walls.ts";

const usage = `Usage: npm run check

Format, lint, types, walls between the layers, and documents: all of them every time. Takes no
options; npm run format mends the format. Ends with 0 when all are in order.
`;

/** Aimed at; the lint's limit of 500 is where it stops being a matter of judgement. */
const linesAim = 400;

type Result = { readonly name: string; readonly passed: boolean; readonly output: string };

async function runTool(name: string, tool: string, ...args: string[]): Promise<Result> {
  const bin = join(projectRoot, "node_modules", ".bin", tool);
  const child = spawn(bin, args, { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const passed = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
  return { name, passed, output: Buffer.concat(chunks).toString() };
}

function listResult(name: string, faults: readonly string[]): Result {
  return { name, passed: faults.length === 0, output: faults.join("\n") };
}

function listLongFiles(): readonly string[] {
  return [...readSourceTree()]
    .filter(([path]) => path.startsWith("src/") && !path.endsWith(".test.ts"))
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > linesAim)
    .map(({ path, lines }) => `${path} has ${lines} lines; ${linesAim} is enough`);
}

answerHelp(process.argv.slice(2), usage);
const results = [
  ...(await Promise.all([
    runTool("format", "oxfmt", "--check"),
    runTool("lint", "oxlint", "--type-aware"),
    runTool("types", "tsc"),
  ])),
  listResult("walls", findViolations(readSourceTree())),
  listResult("documents", findFaults(readDocuments())),
];
for (const { name, passed, output } of results) {
  process.stdout.write(`${passed ? "ok    " : "FAILED"} ${name}\n`);
  if (!passed) process.stdout.write(`${output.trimEnd()}\n\n`);
}
for (const warning of listLongFiles()) process.stdout.write(`note   ${warning}\n`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
