import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  readTravellingFile,
  replaceTravellingFile,
  writeTravellingFile,
} from "./travelling-file.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-travelling-"));
});
after(() => rm(folder, { recursive: true }));

const bytes = Buffer.from("public");

test("readTravellingFile() reads up to its limit, and says why it does not", async () => {
  const path = join(folder, "file");
  await writeFile(path, bytes);
  assert.deepEqual(Buffer.from(await readTravellingFile(path, 6)), bytes);
  await symlink(path, join(folder, "link"));
  assert.deepEqual(Buffer.from(await readTravellingFile(join(folder, "link"), 6)), bytes);
  const refuse = async (name: string, message: RegExp): Promise<void> => {
    const reading = readTravellingFile(join(folder, name), 5);
    await assert.rejects(reading, { code: "ceremony.input", message });
  };
  await refuse("file", /larger than 5 bytes/);
  await refuse("nothing", /there is no such file/);
  await refuse(".", /not a file/);
});

test(
  "readTravellingFile() waits for nobody: neither for a pipe nor for an endless device",
  {
    timeout: 30_000,
  },
  async (t) => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    // Whoever waits all the same is let go, or this process would never end.
    t.after(() => closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)));
    for (const path of [pipe, "/dev/zero"]) {
      const reading = readTravellingFile(path, 100);
      await assert.rejects(reading, { code: "ceremony.input", message: /not a file/ });
    }
  },
);

test("readTravellingFile() takes no part of a file that has more than its length says", async () => {
  // A plain file of length 0 that is not empty: as one that grew after it was looked at.
  const growing = "/proc/self/status";
  assert.equal((await stat(growing)).size, 0);
  await assert.rejects(readTravellingFile(growing, 1_000_000), {
    code: "ceremony.input",
    message: /changes while it is read/,
  });
});

test("writeTravellingFile() writes once, readable by all, and replaces nothing", async () => {
  const path = join(folder, "new");
  await writeTravellingFile(path, bytes);
  assert.equal((await stat(path)).mode & 0o444, 0o444);
  const again = writeTravellingFile(path, Buffer.from("other"));
  await assert.rejects(again, { code: "ceremony.output" });
  assert.deepEqual(await readFile(path), bytes);
});

test("replaceTravellingFile() leaves one file, the new one", async () => {
  const path = join(folder, "replaced");
  await writeTravellingFile(path, bytes);
  await replaceTravellingFile(path, Buffer.from("signed"));
  assert.equal(await readFile(path, "utf8"), "signed");
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith("replaced")),
    ["replaced"],
  );
});
