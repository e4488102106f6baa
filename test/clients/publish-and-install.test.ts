/**
 * The main job with the real clients: all six uploaders publish with nothing but the ready file's values, the four
 * installers install it through the proxy, and the index's access log shows where every file came from.
 */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { runToSuccess } from "./program-run.ts";
import { startHoldfast } from "./holdfast.ts";
import type { Holdfast } from "./holdfast.ts";
import { consumerPython, installInto, lockAndInstall, writeConsumer } from "./installing.ts";
import { aMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { checkSuccess } from "./program-run.ts";
import { publish } from "./publishing.ts";
import { buildProject, uploaders } from "./python-project.ts";
import type { BuiltProject, Uploader } from "./python-project.ts";

const names = uploaders.map((uploader) => `harbour-${uploader}`);
/** Imports everything and adds it up: 6 × 42. */
const useEverything = `${names.map((name) => `import ${name.replaceAll("-", "_")}`).join("\n")}
print(sum([${names.map((name) => `${name.replaceAll("-", "_")}.answer()`).join(", ")}]))`;

describe("publish and install", () => {
  let publisher: Machine;
  let holdfast: Holdfast;
  const projects = new Map<Uploader, BuiltProject>();

  before(async () => {
    publisher = await aMachine([...uploaders, "build"]);
    holdfast = await startHoldfast({ via: "npm" });
    for (const uploader of uploaders) {
      // A chain, so that installing the last one needs them all.
      const previous = [...projects.values()].at(-1);
      const plan = {
        name: `harbour-${uploader}`,
        backend: uploader,
        dependencies: previous === undefined ? [] : [`${previous.name}>=1`],
      };
      projects.set(uploader, await buildProject(publisher, plan));
    }
  });

  after(async () => {
    await holdfast?.remove();
    await publisher?.remove();
  });

  for (const uploader of uploaders) {
    test(`${uploader} publishes a wheel and an sdist`, async () => {
      const project = projects.get(uploader);
      assert.ok(project);
      checkSuccess(await publish(publisher, uploader, project, holdfast.ready));
      const uploads = (await holdfast.readAccessLog()).filter(
        (entry) =>
          entry.method === "POST" &&
          entry.path === "/legacy/" &&
          entry.status === 200 &&
          entry.agent.toLowerCase().includes(uploader === "flit" ? "python-requests" : uploader),
      );
      assert.equal(uploads.length, 2);
      assert.deepEqual(publisher.outsideAttempts, []);
    });
  }

  for (const installer of ["pip", "uv"] as const) {
    test(`${installer} installs all six through the proxy`, async () => {
      await using machine = await aMachine([installer]);
      const environment = await machine.freshEnvironment();
      checkSuccess(
        await installInto(machine, installer, environment, holdfast.ready.proxySimple, [
          "harbour-flit",
        ]),
      );
      assert.equal((await environment.python3(useEverything)).stdout.trim(), "252");
      assert.deepEqual(machine.outsideAttempts, []);
    });
  }

  for (const installer of ["uv", "poetry", "pdm"] as const) {
    test(`${installer} locks and installs a project through the proxy`, async () => {
      await using machine = await aMachine([installer]);
      const folder = await writeConsumer(machine, installer, holdfast.ready.proxySimple, [
        "harbour-flit",
      ]);
      await lockAndInstall(machine, installer, folder);
      const run = await runToSuccess(consumerPython(folder), ["-c", useEverything], {
        env: machine.clientEnvironment(),
        cwd: folder,
      });
      assert.equal(run.stdout.trim(), "252");
      assert.deepEqual(machine.outsideAttempts, []);
    });
  }

  test("every file that was installed came from the index", async () => {
    const fetched = (await holdfast.readAccessLog()).filter(
      (entry) => entry.method === "GET" && entry.path.startsWith("/files/") && entry.status === 200,
    );
    for (const project of projects.values()) {
      const wheel = project.files
        .map((path) => basename(path))
        .find((name) => name.endsWith(".whl"));
      assert.ok(
        fetched.some((entry) => entry.path.endsWith(`/${wheel}`)),
        `${wheel} was not fetched from the index`,
      );
    }
  });

  test("ends with npm, and leaves no process behind", async () => {
    await holdfast.stop();
  });
});
