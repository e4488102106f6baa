/** How people install with each of the four installers, given nothing but the address of a simple index. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FreshEnvironment, Machine } from "./machine.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";

export const installers = ["pip", "uv", "poetry", "pdm"] as const;
export type Installer = (typeof installers)[number];

/** `pip install` or `uv pip install` into an environment; any exit status. */
export function installInto(
  machine: Machine,
  installer: "pip" | "uv",
  environment: FreshEnvironment,
  simple: string,
  requirements: readonly string[],
): Promise<Run> {
  return installer === "pip"
    ? machine.run("pip", [
        ...["--python", environment.python, "install", "--index-url", simple],
        ...requirements,
      ])
    : machine.run("uv", [
        ...["pip", "install", "--python", environment.python, "--default-index", simple],
        ...requirements,
      ]);
}

/** A project of an installer that keeps projects, whose only index is `simple`. */
export async function writeConsumer(
  machine: Machine,
  installer: "uv" | "poetry" | "pdm",
  simple: string,
  dependencies: readonly string[],
): Promise<string> {
  const folder = await machine.freshFolder(`consumer-${installer}`);
  const list = dependencies.map((text) => JSON.stringify(text)).join(", ");
  const source = {
    uv: `[[tool.uv.index]]\nname = "holdfast"\nurl = "${simple}"\ndefault = true\n`,
    poetry: `[tool.poetry]\npackage-mode = false\n\n[[tool.poetry.source]]\nname = "holdfast"\nurl = "${simple}"\npriority = "primary"\n`,
    pdm: `[tool.pdm]\ndistribution = false\n\n[[tool.pdm.source]]\nname = "pypi"\nurl = "${simple}"\nverify_ssl = true\n`,
  }[installer];
  await writeFile(
    join(folder, "pyproject.toml"),
    `[project]\nname = "consumer"\nversion = "0.1"\nrequires-python = ">=3.10"\ndependencies = [${list}]\n\n${source}`,
  );
  return folder;
}

/** Resolves, writes the lock file and installs into `.venv` of the project's folder. */
export async function lockAndInstall(
  machine: Machine,
  installer: "uv" | "poetry" | "pdm",
  folder: string,
): Promise<void> {
  const options = { cwd: folder, env: projectEnvironment(installer) };
  switch (installer) {
    case "uv":
      await machine.runWell("uv", ["lock", ...uvPython(machine)], options);
      break;
    case "poetry":
      await machine.runWell("poetry", ["lock"], options);
      break;
    case "pdm":
      await machine.runWell("pdm", ["use", "--first", machine.python], options);
      await machine.runWell("pdm", ["lock"], options);
      break;
  }
  checkSuccess(await installLocked(machine, installer, folder));
}

/** Installs exactly what the lock file of the folder says; any exit status. */
export async function installLocked(
  machine: Machine,
  installer: "uv" | "poetry" | "pdm",
  folder: string,
): Promise<Run> {
  const options = { cwd: folder, env: projectEnvironment(installer) };
  switch (installer) {
    case "uv":
      return machine.run("uv", ["sync", "--locked", ...uvPython(machine)], options);
    case "poetry":
      return machine.run("poetry", ["sync", "--no-interaction"], options);
    case "pdm":
      return machine.run("pdm", ["sync"], options);
  }
}

/** The interpreter of a consumer's environment, for running what was installed. */
export function consumerPython(folder: string): string {
  return join(folder, ".venv", "bin", "python");
}

function projectEnvironment(installer: "uv" | "poetry" | "pdm"): Record<string, string> {
  return installer === "poetry" ? { POETRY_VIRTUALENVS_IN_PROJECT: "true" } : {};
}

function uvPython(machine: Machine): readonly string[] {
  return ["--python", machine.python, "--no-python-downloads"];
}
