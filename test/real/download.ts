/**
 * Brings the real distributions of distributions.txt into the test cache, once, with pip and the package registry of
 * this machine. The one place, besides the making of tools, where tests look beyond loopback.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "#crypto/hash.ts";
import { withFileLock } from "#clients/file-lock.ts";
import { runToSuccess } from "#clients/program-run.ts";
import {
  findBasePython,
  isPresent,
  machineEnvironment,
  openTool,
  projectRoot,
  testCacheFolder,
} from "#clients/tool-environment.ts";

type Kind = "wheel" | "sdist";
type Wanted = { readonly kind: Kind; readonly requirement: string };

const list = join(dirname(fileURLToPath(import.meta.url)), "distributions.txt");
const downloadTimeoutMs = 900_000;

/** Paths of all of them, sorted. */
export async function openRealDistributions(): Promise<readonly string[]> {
  const text = await readFile(list, "utf8");
  const python = await findBasePython();
  const key = sha256Hex(Buffer.from(`${text}\n${python.version}`)).slice(0, 16);
  const folder = join(testCacheFolder(), `real-${key}`);
  const done = join(folder, "holdfast-complete");
  if (!(await isPresent(done))) {
    await withFileLock(`${folder}.lock`, downloadTimeoutMs, async () => {
      if (!(await isPresent(done))) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
        await downloadAll(parseList(text), folder);
        await writeFile(done, "");
      }
    });
  }
  const names = (await readdir(folder)).filter((name) => /\.(whl|tar\.gz|zip)$/.test(name));
  return names.toSorted().map((name) => join(folder, name));
}

function parseList(text: string): readonly Wanted[] {
  const wanted: Wanted[] = [];
  for (const line of text.split("\n")) {
    const match = /^(wheel|sdist) (.+)$/.exec(line);
    if (match !== null) {
      wanted.push({ kind: match[1] === "wheel" ? "wheel" : "sdist", requirement: match[2] ?? "" });
    }
  }
  return wanted;
}

/** pip takes one version of a project at a time, so the list is worked off in rounds. */
async function downloadAll(wanted: readonly Wanted[], folder: string): Promise<void> {
  for (const kind of ["wheel", "sdist"] as const) {
    let rest = wanted.filter((entry) => entry.kind === kind);
    while (rest.length > 0) {
      const round = firstOfEachProject(rest);
      await downloadRound(kind, round, folder);
      rest = rest.filter((entry) => !round.includes(entry));
    }
  }
}

function firstOfEachProject(wanted: readonly Wanted[]): readonly Wanted[] {
  const round = new Map<string, Wanted>();
  for (const entry of wanted) {
    // Two lines of one project with markers are alternatives and may share a round.
    const project = entry.requirement.includes(";")
      ? entry.requirement
      : (entry.requirement.split("==")[0] ?? "");
    if (!round.has(project)) {
      round.set(project, entry);
    }
  }
  return [...round.values()];
}

async function downloadRound(kind: Kind, round: readonly Wanted[], folder: string): Promise<void> {
  const pip = await openTool("pip");
  const part = join(folder, "part");
  await mkdir(part);
  await runToSuccess(
    join(pip.bin, "pip"),
    [
      ...["download", "--quiet", "--no-deps", "--dest", part],
      ...[kind === "wheel" ? "--only-binary" : "--no-binary", ":all:"],
      ...round.map((entry) => entry.requirement),
    ],
    { env: machineEnvironment(), cwd: projectRoot, timeoutMs: downloadTimeoutMs },
  );
  for (const name of await readdir(part)) {
    await rename(join(part, name), join(folder, name));
  }
  await rm(part, { recursive: true });
}
