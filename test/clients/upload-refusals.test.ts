/**
 * What people read when the index refuses an upload: each of the six uploaders shows the code and the sentence in its own
 * output. And what is not refused: the same bytes again.
 */
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { checkSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { publish } from "./publishing.ts";
import { buildProject, uploaders } from "./python-project.ts";
import type { BuiltProject, Uploader } from "./python-project.ts";
import { makeWheel } from "./small-wheel.ts";
import { fetchFileList } from "./plain-client.ts";

describe("upload refusals", () => {
  let machine: Machine;
  let holdfast: Holdfast;

  before(async () => {
    machine = await aMachine([...uploaders, "build"]);
    holdfast = await startHoldfast();
  });

  after(async () => {
    await holdfast?.remove();
    await machine?.remove();
  });

  const expectRefusal = (run: Run, code: string, sentence: RegExp): void => {
    assert.notEqual(run.status, 0, run.output);
    assert.ok(run.text.includes(code), `does not say ${code}:\n${run.output}`);
    assert.match(run.text, sentence, `does not say why:\n${run.output}`);
  };

  for (const uploader of uploaders) {
    test(`${uploader} may send the same bytes again, and no others under that name`, async () => {
      const project = await buildProject(machine, { name: `twice-${uploader}`, backend: uploader });
      checkSuccess(await publish(machine, uploader, project, holdfast.ready));
      const listed = await fetchFileList(holdfast.ready.simple, project.name);
      assert.equal(listed.length, 2);
      checkSuccess(await publish(machine, uploader, project, holdfast.ready));

      const source = join(project.folder, "src", project.module, "__init__.py");
      await writeFile(source, `"""Something else."""\n`);
      const changed = await rebuild(machine, uploader, project);
      const run = await publish(machine, uploader, changed, holdfast.ready);
      expectRefusal(run, "upload.filename-reused", /File already exists \('twice_/);
      assert.deepEqual(await fetchFileList(holdfast.ready.simple, project.name), listed);
    });
  }

  test("uv compares with what the index has before it uploads", async () => {
    const project = await buildProject(machine, { name: "checked-uv", backend: "uv" });
    const { upload, token, simple } = holdfast.ready;
    const publishChecked = (): Promise<Run> =>
      machine.run("uv", [
        ...["publish", "--publish-url", upload, "--check-url", simple, "--token", token],
        ...project.files,
      ]);
    checkSuccess(await publishChecked());
    assert.match(checkSuccess(await publishChecked()).text, /already exists, skipping/);

    await writeFile(join(project.folder, "src", project.module, "more.py"), "");
    await rebuild(machine, "uv", project);
    const other = await publishChecked();
    assert.notEqual(other.status, 0);
    assert.match(other.text, /Local file and index file do not match/);
  });

  test("poetry may be told to skip what exists", async () => {
    const project = await buildProject(machine, { name: "skipped-poetry", backend: "poetry" });
    checkSuccess(await publish(machine, "poetry", project, holdfast.ready));
    await writeFile(join(project.folder, "src", project.module, "more.py"), "");
    await rebuild(machine, "poetry", project);
    const { username, token } = holdfast.ready;
    const run = await machine.run(
      "poetry",
      [
        ...["publish", "--repository", "holdfast", "--skip-existing"],
        ...["--username", username, "--password", token],
      ],
      { cwd: project.folder },
    );
    assert.match(checkSuccess(run).text, /File exists. Skipping/);
  });

  for (const uploader of uploaders.filter((name) => name !== "flit")) {
    test(`${uploader} shows why a wheel that writes outside is refused`, async () => {
      const name = `outside-${uploader}`;
      const project = await buildProject(machine, { name, backend: uploader });
      const wheel = makeWheel({ project: name, version: "1.0", extraMember: "../outside.py" });
      await rm(join(project.folder, "dist"), { recursive: true });
      const path = join(project.folder, "dist", wheel.filename);
      await mkdir(dirname(path));
      await writeFile(path, wheel.bytes);
      const before = await readStored(holdfast);
      const run = await publish(machine, uploader, { ...project, files: [path] }, holdfast.ready);
      expectRefusal(run, "archive.traversal", /climbs out with/);
      assert.deepEqual(await readStored(holdfast), before, "something is kept");
      await assertNotListed(holdfast, name, basename(path));
    });
  }

  // flit uploads only what it builds, so the fault is one that it builds: elsewhere this name is another path.
  test("flit shows why a wheel with a backslash in a name is refused", async () => {
    const project = await buildProject(machine, { name: "outside-flit", backend: "flit" });
    await writeFile(join(project.folder, "src", project.module, "..\\outside.txt"), "out\n");
    const before = await readStored(holdfast);
    const run = await publish(machine, "flit", project, holdfast.ready);
    expectRefusal(run, "archive.name", /has a backslash/);
    assert.deepEqual(await readStored(holdfast), before, "something is kept");
    await assertNotListed(holdfast, project.name, "outside_flit-1.0-py3-none-any.whl");
  });

  for (const uploader of uploaders) {
    test(`${uploader} shows that a token is wrong`, async () => {
      const project = await buildProject(machine, { name: `wrong-${uploader}`, backend: uploader });
      const run = await publish(machine, uploader, project, {
        ...holdfast.ready,
        token: "not-a-token",
      });
      expectRefusal(run, "auth.invalid", /token/i);
    });
  }
});

async function rebuild(
  machine: Machine,
  uploader: Uploader,
  project: BuiltProject,
): Promise<BuiltProject> {
  await rm(join(project.folder, "dist"), { recursive: true });
  if (uploader === "uv") {
    await machine.runWell("uv", ["build", "--no-python-downloads", "--python", machine.python], {
      cwd: project.folder,
    });
  } else if (uploader !== "flit") {
    await machine.runWell("build", ["--no-isolation", "--skip-dependency-check"], {
      cwd: project.folder,
    });
  }
  return project;
}

/** Every file in the file store, half-received ones too. */
async function readStored(holdfast: Holdfast): Promise<readonly string[]> {
  const folder = join(holdfast.data, "files");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ name, parentPath }) => join(parentPath, name)).toSorted();
}

async function assertNotListed(
  holdfast: Holdfast,
  project: string,
  filename: string,
): Promise<void> {
  const response = await fetch(new URL(`${project}/`, holdfast.ready.simple), {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
  });
  const page = await response.text();
  assert.ok(response.status === 404 || !page.includes(filename), page);
}
