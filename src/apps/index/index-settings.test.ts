import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "#formats/config/config.ts";
import { createIndexWorld } from "#world/index-world.ts";
import { indexSettings } from "./index-settings.ts";

test("the start page names the configured port of the proxy, and the default where it is any free one", async (t) => {
  for (const [text, port] of [
    ["", 8471],
    ["[proxy]\nport = 8671\n", 8671],
    ["[proxy]\nport = 0\n", 8471],
  ] as const) {
    const { close, send } = await createIndexWorld(indexSettings(parseConfig(text)));
    t.after(close);
    const page = (await send("/")).body.toString();
    assert.ok(page.includes(`http://127.0.0.1:${port}/holdfast/simple/`), text);
    assert.equal(page.match(/127\.0\.0\.1:[0-9]+\/holdfast\/simple\//g)?.length, 2);
  }
});
