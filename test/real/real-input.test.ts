/**
 * Real distributions: over fifty of more than twenty-five projects, as the world publishes them, go up with twine and come
 * back through the proxy with pip and uv, byte by byte the same.
 */
import assert from "node:assert/strict";
import { open, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createHash } from "#crypto/hash.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { installInto } from "#clients/installing.ts";
import { aMachine } from "#clients/machine.ts";
import type { FreshEnvironment, Machine } from "#clients/machine.ts";
import { fetchFileList } from "#clients/plain-client.ts";
import { checkSuccess, runToSuccess } from "#clients/program-run.ts";
import { publish } from "#clients/publishing.ts";
import { openRealDistributions } from "./download.ts";

const checkInstalled = join(dirname(fileURLToPath(import.meta.url)), "check_installed.py");
const wanted = ["flask", "requests[socks]", "numpy", "pydantic"];
const useThem = `
import flask, numpy, pydantic, requests, socks
from pydantic import BaseModel
class Ship(BaseModel):
    masts: int
app = flask.Flask("harbour")
app.add_url_rule("/", view_func=lambda: str(int(numpy.arange(Ship(masts="4").masts).sum())))
print(app.test_client().get("/").text)
`;

describe("real distributions", () => {
  let holdfast: Holdfast;
  let files: readonly string[];
  const uploaded = new Map<string, string>();

  before(async () => {
    files = await openRealDistributions();
    holdfast = await startHoldfast();
  });

  after(async () => {
    await holdfast?.remove();
  });

  test("all of them upload with twine", async () => {
    const projects = new Set(
      files.map((path) => parseDistributionFilename(basename(path)).project),
    );
    assert.ok(files.length >= 40, `${files.length} distributions`);
    assert.ok(projects.size >= 25, `${projects.size} projects`);
    await using machine = await aMachine(["twine"]);
    const run = await publish(machine, "twine", { folder: machine.home, files }, holdfast.ready);
    checkSuccess(run);
    for (const path of files) {
      uploaded.set(basename(path), await hashFile(path));
    }
  });

  for (const installer of ["pip", "uv"] as const) {
    test(`${installer} installs ${wanted.join(", ")} and what they need`, async () => {
      await using machine = await aMachine([installer]);
      const environment = await machine.freshEnvironment();
      const { proxySimple } = holdfast.ready;
      checkSuccess(await installInto(machine, installer, environment, proxySimple, wanted));
      assert.equal((await environment.python3(useThem)).stdout.trim(), "6");
      const compared = await compareInstalled(machine, environment);
      for (const project of ["flask", "werkzeug", "pysocks", "numpy", "pydantic-core"]) {
        assert.ok(compared.includes(project), `${project} was not compared`);
      }
      assert.deepEqual(machine.outsideAttempts, []);
    });

    const sdist = installer === "pip" ? "tomlkit" : "itsdangerous";
    test(`${installer} builds the sdist of ${sdist} with a backend from the proxy`, async () => {
      await using machine = await aMachine([installer]);
      const environment = await machine.freshEnvironment();
      const { proxySimple } = holdfast.ready;
      const noBinary = ["--no-binary", sdist, sdist];
      checkSuccess(await installInto(machine, installer, environment, proxySimple, noBinary));
      const script = `import ${sdist}; from importlib.metadata import version; print(version("${sdist}"))`;
      assert.match((await environment.python3(script)).stdout, /^[0-9.]+\n$/);
      assert.deepEqual(machine.outsideAttempts, []);
    });
  }

  /** Every file a wheel's RECORD names is installed with these bytes. */
  const compareInstalled = async (
    machine: Machine,
    environment: FreshEnvironment,
  ): Promise<readonly string[]> => {
    const wheels = await machine.freshFolder("wheels");
    for (const path of files.filter((name) => name.endsWith(".whl"))) {
      await symlink(path, join(wheels, basename(path)));
    }
    const run = await runToSuccess(environment.python, [checkInstalled, wheels], {
      env: machine.clientEnvironment(),
      cwd: machine.home,
    });
    return run.stdout.trim().split("\n");
  };

  test("every file comes back through the proxy as it went up", async () => {
    assert.equal(uploaded.size, files.length);
    const projects = new Set(
      files.map((path) => parseDistributionFilename(basename(path)).project),
    );
    const seen = new Set<string>();
    for (const project of projects) {
      for (const file of await fetchFileList(holdfast.ready.proxySimple, project)) {
        const response = await fetch(file.url);
        assert.equal(response.status, 200, file.filename);
        assert.equal(await hashStream(response.body ?? []), uploaded.get(file.filename));
        seen.add(file.filename);
      }
    }
    assert.deepEqual([...seen].toSorted(), [...uploaded.keys()].toSorted());
  });

  test("the index gave out every one of them", async () => {
    const fetched = (await holdfast.readAccessLog())
      .filter((entry) => entry.path.startsWith("/files/") && entry.status === 200)
      .map((entry) => decodeURIComponent(basename(entry.path)));
    for (const filename of uploaded.keys()) {
      assert.ok(fetched.includes(filename), `${filename} was not fetched from the index`);
    }
  });
});

async function hashFile(path: string): Promise<string> {
  const file = await open(path);
  try {
    return await hashStream(file.createReadStream({ autoClose: false }));
  } finally {
    await file.close();
  }
}

async function hashStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) {
    hash.update(chunk);
  }
  return hash.digestHex();
}
