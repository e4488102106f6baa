/** However Holdfast is ended, nothing of it is left: by signal or by force, at npm, npx, the launcher or one program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast, HoldfastOptions } from "#clients/holdfast.ts";
import { findProgram, waitUntilNoneNames } from "./process-table.ts";

const endMsMax = 20_000;

async function withHoldfast(
  options: HoldfastOptions,
  run: (holdfast: Holdfast) => Promise<void>,
): Promise<void> {
  const holdfast = await startHoldfast(options);
  try {
    await run(holdfast);
  } finally {
    await holdfast.remove();
  }
}

for (const via of ["npm", "npx", "launcher"] as const) {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`${signal} to the ${via} process alone leaves nothing running`, async () => {
      await withHoldfast({ via }, async ({ data, pid }) => {
        process.kill(pid, signal);
        await waitUntilNoneNames(data, endMsMax);
      });
    });
  }

  test(`Ctrl-C in the terminal of ${via} leaves nothing running`, async () => {
    await withHoldfast({ via }, async ({ data, pid }) => {
      // As the terminal does it: to every process of the foreground group.
      process.kill(-pid, "SIGINT");
      await waitUntilNoneNames(data, endMsMax);
    });
  });
}

test("SIGKILL to holdfast up itself leaves nothing running", async () => {
  await withHoldfast({}, async ({ data }) => {
    process.kill(await findProgram("up", data), "SIGKILL");
    await waitUntilNoneNames(data, endMsMax);
  });
});

for (const app of ["signer", "index", "proxy"]) {
  test(`when the ${app} dies the others stop, and the exit code says so`, async () => {
    await withHoldfast({}, async ({ data, ended, output }) => {
      process.kill(await findProgram(app, data), "SIGKILL");
      assert.equal(await ended, 70);
      assert.match(output(), new RegExp(`The ${app} ended by itself \\(signal SIGKILL\\)`));
      await waitUntilNoneNames(data, endMsMax);
    });
  });
}
