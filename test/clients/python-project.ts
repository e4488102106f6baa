/**
 * Small pure-Python projects, one per uploader and build backend, written out as people write them and built with the
 * real backends, offline.
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Machine } from "./machine.ts";

export const uploaders = ["twine", "uv", "poetry", "pdm", "hatch", "flit"] as const;
export type Uploader = (typeof uploaders)[number];

export type ProjectPlan = {
  readonly name: string;
  readonly version?: string;
  readonly backend: Uploader;
  readonly dependencies?: readonly string[];
  /** What `answer()` of its module returns. */
  readonly answer?: number;
};

export type BuiltProject = {
  readonly name: string;
  readonly version: string;
  /** The importable module. */
  readonly module: string;
  readonly folder: string;
  /** Paths of the wheel and the sdist. */
  readonly files: readonly string[];
};

/** Which backend each uploader's own users have. */
const backends: Readonly<Record<Uploader, readonly [requires: string, backend: string]>> = {
  twine: ["setuptools", "setuptools.build_meta"],
  uv: ["uv_build", "uv_build"],
  poetry: ["poetry-core", "poetry.core.masonry.api"],
  pdm: ["pdm-backend", "pdm.backend"],
  hatch: ["hatchling", "hatchling.build"],
  flit: ["flit_core >=3.2", "flit_core.buildapi"],
};

/** Needs a machine with "build", and with "uv" for projects of that backend. */
export async function buildProject(machine: Machine, plan: ProjectPlan): Promise<BuiltProject> {
  const folder = await writeProject(machine, plan);
  if (plan.backend === "uv") {
    // uv brings its own backend and uses it without an environment.
    await machine.runWell("uv", ["build", "--no-python-downloads", "--python", machine.python], {
      cwd: folder,
    });
  } else {
    await machine.runWell("build", ["--no-isolation", "--skip-dependency-check"], { cwd: folder });
  }
  const dist = join(folder, "dist");
  const files = (await readdir(dist))
    .filter((name) => name.endsWith(".whl") || name.endsWith(".tar.gz"))
    .map((name) => join(dist, name));
  return {
    name: plan.name,
    version: plan.version ?? "1.0",
    module: moduleOf(plan.name),
    folder,
    files: files.toSorted(),
  };
}

/** The sources alone, for an uploader that builds by itself. */
export async function writeProject(machine: Machine, plan: ProjectPlan): Promise<string> {
  const folder = await machine.freshFolder(plan.name);
  const module = moduleOf(plan.name);
  const sources = new Map([
    ["pyproject.toml", pyproject(plan)],
    ["README.md", `# ${plan.name}\n\nPublished with ${plan.backend}, für alle.\n`],
    ["LICENSE", "Do as you like.\n"],
    [
      join("src", module, "__init__.py"),
      `"""Published with ${plan.backend}."""\n\n\ndef answer():\n    return ${plan.answer ?? 42}\n`,
    ],
  ]);
  for (const [path, text] of sources) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  return folder;
}

function pyproject(plan: ProjectPlan): string {
  const [requires, backend] = backends[plan.backend];
  const dependencies = (plan.dependencies ?? []).map((text) => JSON.stringify(text)).join(", ");
  return `[build-system]
requires = ["${requires}"]
build-backend = "${backend}"

[project]
name = "${plan.name}"
version = "${plan.version ?? "1.0"}"
description = "Published with ${plan.backend}"
readme = "README.md"
requires-python = ">=3.10"
license = "MIT"
license-files = ["LICENSE"]
keywords = ["harbour", "mole"]
authors = [{ name = "Ada Möller", email = "ada@example.test" }]
dependencies = [${dependencies}]

[project.urls]
Home = "https://example.test/"
`;
}

function moduleOf(name: string): string {
  return name.replaceAll("-", "_");
}
