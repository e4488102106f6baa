import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError } from "#formats/format-error.ts";
import { archiveLimits } from "./limits.ts";
import { checkLinkTarget, checkMemberPath, MemberNames } from "./member-name.ts";

const segment = fc.constantFrom("a", "b", "..", ".", "", "é", "C:", "\\", "\0");
const path = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((segments) => segments.join("/"));

test("checkMemberPath() lets through only what stays where it is put", () => {
  fc.assert(
    fc.property(path, (text) => {
      try {
        checkMemberPath(text, archiveLimits);
      } catch (error) {
        assert.ok(error instanceof FormatError);
        return;
      }
      assert.equal(posix.join("/top", text), `/top/${text}`);
    }),
    { numRuns: 1000 },
  );
});

test("checkLinkTarget() lets through only what stays in the top folder", () => {
  const link = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(link, path, (segments, target) => {
      const at = ["top", ...segments].join("/");
      try {
        checkLinkTarget(at, target, archiveLimits);
      } catch (error) {
        assert.ok(error instanceof FormatError);
        return;
      }
      const end = posix.join("/x", posix.dirname(at), target);
      assert.ok(end === "/x/top" || end.startsWith("/x/top/"), end);
    }),
    { numRuns: 1000 },
  );
});

test("MemberNames accepts a folder again only where that is allowed", () => {
  const names = new MemberNames(archiveLimits);
  names.add("a", "folder", "accept");
  names.add("a/b", "file", "accept");
  names.add("a", "folder", "accept");
  assert.equal(names.kindOf("a/b"), "file");
  assert.throws(() => names.add("a", "folder", "refuse"), { code: "archive.duplicate" });
});
