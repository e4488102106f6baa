import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RefusedError, TrustError, UnavailableError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { reasonPhrase, refusalBody, refusalOf } from "./error-response.ts";

test("refusalOf() has the one status of each code, and keeps strangers' errors to itself", () => {
  const at = (error: unknown): readonly [number, string] => {
    const { code, status } = refusalOf(error);
    return [status, code];
  };
  assert.deepEqual(at(new FormatError("wheel.record", "x")), [400, "wheel.record"]);
  assert.deepEqual(at(new RefusedError("auth.missing", "x")), [401, "auth.missing"]);
  assert.deepEqual(at(new RefusedError("upload.too-large", "x")), [413, "upload.too-large"]);
  assert.deepEqual(at(new UnavailableError("storage.full", "x")), [507, "storage.full"]);
  assert.deepEqual(at(new TrustError("page.mismatch", "x")), [500, "page.mismatch"]);
  assert.deepEqual(refusalOf(new Error("the database's password is 1234")), {
    status: 500,
    code: "internal",
    message: "Something went wrong here. It was logged.",
  });
});

test("reasonPhrase() is one line of Latin-1 that ends with the code, whatever the message", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (message) => {
      const reason = reasonPhrase({ status: 400, code: "upload.form", message });
      assert.match(reason, /^[\x20-\x7e\xa1-\xff]* \[upload\.form\]$/);
      assert.ok(reason.length < 520);
    }),
  );
});

test("refusalBody() of any message is what its type says", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (message) => {
      const refusal = { status: 400, code: "upload.form", message };
      assert.equal(JSON.parse(refusalBody(refusal, "json").text).message, message);
      assert.equal(JSON.parse(refusalBody(refusal, "problem").text).detail, message);
    }),
  );
});
