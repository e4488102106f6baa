import assert from "node:assert/strict";
import { test } from "node:test";
import { readSourceTree } from "./source-tree.ts";
import { findViolations } from "./walls.ts";

test("the project keeps its walls", () => {
  assert.deepEqual(findViolations(readSourceTree()), []);
});

/** A small tree without a fault, so that each case below differs from it by exactly one. */
const honest: Readonly<Record<string, string>> = {
  "src/crypto/hash.ts": 'import { createHash } from "node:crypto";\n',
  "src/crypto/signer.ts": "export type Signer = {};\n",
  "src/formats/tuf/root.ts": 'import { sha256 } from "#crypto/hash.ts";\n',
  "src/core/tuf/rules.ts": 'import type {\n  Root,\n} from "#formats/tuf/root.ts";\n',
  "src/core/accounts/token.ts": "export const a = 1;\n",
  "src/stores/folder/tree.ts": 'import { rename } from "node:fs";\nimport "#core/tuf/rules.ts";\n',
  "src/formats/config/config.ts": 'import { parse } from "smol-toml";\n',
  "src/apps/proxy/main.ts":
    'import { a } from "./view.ts";\nconst c = await import("#formats/config/config.ts");\n',
  "src/apps/tuf-client/main.ts": 'import { b } from "#stores/folder/tree.ts";\n',
  "src/apps/proxy/view.ts": 'import { b } from "#stores/folder/tree.ts";\n',
  "src/apps/index/main.ts": 'import { Hono } from "hono";\nimport "#core/accounts/token.ts";\n',
  "src/apps/index/main.test.ts": 'import { clock } from "#world/clock.ts";\n',
  "test/world/clock.ts": "export const clock = 1;\n",
};

test("findViolations() finds nothing in a tree without a fault", () => {
  assert.deepEqual(findViolations(new Map(Object.entries(honest))), []);
});

const faults: readonly (readonly [path: string, text: string, expected: RegExp])[] = [
  ["src/core/tuf/x.ts", 'import { x } from "../../crypto/hash.ts";', /named by #/],
  ["src/core/tuf/x.ts", 'import { x } from "./missing.ts";', /no such file/],
  ["src/core/tuf/x.ts", 'import { readFile } from "node:fs/promises";', /the world outside/],
  ["src/core/tuf/x.ts", 'import { x } from "hono";', /the world outside/],
  ["src/core/tuf/x.ts", 'const x = await import("node:fs");', /the world outside/],
  ["src/core/tuf/x.ts", 'import type { T } from "#stores/folder/tree.ts";', /not below src\/core/],
  ["src/crypto/x.ts", 'import type { Root } from "#formats/tuf/root.ts";', /not below src\/crypto/],
  ["src/formats/tuf/x.ts", 'import { x } from "node:zlib";', /the world outside/],
  ["src/stores/folder/x.ts", 'import { x } from "node:crypto";', /only src\/crypto/],
  ["src/stores/folder/x.ts", 'import { x } from "#apps/proxy/view.ts";', /not below src\/stores/],
  ["src/apps/proxy/x.ts", 'import { x } from "#apps/index/main.ts";', /another app/],
  ["src/apps/proxy/x.ts", 'import { x } from "#world/clock.ts";', /not below src\/apps/],
  ["src/apps/proxy/x.ts", 'import { x } from "#apps/proxy/x.test.ts";', /no such file/],
  ["src/apps/proxy/x.ts", 'import { x } from "#apps/index/main.test.ts";', /that is a test/],
  ["src/other/x.ts", 'import { x } from "#core/tuf/rules.ts";', /belongs to no shelf/],
  ["src/apps/proxy/view.ts", 'import { x } from "hono";', /main\.ts → .*view\.ts → hono: .*trust/],
  [
    "src/apps/proxy/view.ts",
    'import type { T } from "#core/accounts/token.ts";',
    /main\.ts → .*view\.ts → .*token\.ts: .*trust/,
  ],
  [
    "src/apps/proxy/view.ts",
    'import { parseConfig } from "#formats/config/config.ts";',
    /config\.ts → smol-toml: .*trust/,
  ],
  ["src/apps/tuf-client/main.ts", 'import { x } from "hono";', /main\.ts → hono: .*judges/],
  [
    "src/apps/tuf-client/main.ts",
    'import type { T } from "#core/accounts/token.ts";',
    /main\.ts → .*token\.ts: .*judges/,
  ],
  [
    "src/apps/index/main.ts",
    'import type { Signer } from "#crypto/signer.ts";',
    /holds no signing key/,
  ],
  ["src/crypto/signer.ts", 'import { x } from "#crypto/signer.ts";', /a cycle/],
  ["src/crypto/hash.ts", 'import type { Signer } from "./other.ts";', /hash\.ts → .*a cycle/],
  ["src/core/tuf/index.ts", "export const x = 1;", /says nothing/],
  ["src/core/tuf/token-helpers.test.ts", "export const x = 1;", /^$/],
  ["src/core/tuf/helpers.ts", "export const x = 1;", /says nothing/],
  ["src/core/tuf/fileStore.ts", "export const x = 1;", /kebab-case/],
  ["src/core/tuf/x.ts", "export default 1;", /default export/],
  ["src/core/tuf/x.ts", 'export { rule } from "./rules.ts";', /re-export/],
  ["src/core/tuf/x.ts", 'export * from "./rules.ts";', /re-export/],
  ["src/core/tuf/x.ts", "let count = 0;", /mutable state/],
];

for (const [path, text, expected] of faults) {
  test(`findViolations() on ${path} with ${text}`, () => {
    const tree = new Map(Object.entries({ ...honest, [path]: `${text}\n` }));
    if (expected.source.includes("a cycle") && path.endsWith("hash.ts")) {
      tree.set("src/crypto/other.ts", 'import type { H } from "#crypto/hash.ts";\n');
    }
    const violations = findViolations(tree);
    if (expected.source === "^$") assert.deepEqual(violations, []);
    else assert.match(violations.join("\n"), expected);
  });
}
