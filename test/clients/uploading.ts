/** Uploads without an uploader, for tests in which publishing is not the point: the form of the legacy API, sent at once. */
import assert from "node:assert/strict";
import { makeWheel } from "./small-wheel.ts";
import type { SmallWheel, WheelPlan } from "./small-wheel.ts";
import type { UploadTarget } from "./publishing.ts";

/** Makes a wheel and uploads it; when this returns, the index says that it is installable. */
export async function uploadNew(target: UploadTarget, plan: WheelPlan): Promise<SmallWheel> {
  const wheel = makeWheel(plan);
  const response = await uploadWheel(target, wheel);
  assert.equal(response.status, 200, `${wheel.filename}: ${await response.text()}`);
  return wheel;
}

export function uploadWheel(
  target: UploadTarget,
  wheel: SmallWheel,
  signal?: AbortSignal,
): Promise<Response> {
  const form = new FormData();
  form.set(":action", "file_upload");
  form.set("protocol_version", "1");
  form.set("metadata_version", "2.1");
  form.set("name", wheel.project);
  form.set("version", wheel.version);
  form.set("filetype", "bdist_wheel");
  form.set("pyversion", "py3");
  form.set("sha256_digest", wheel.sha256);
  form.set("content", new Blob([Buffer.from(wheel.bytes)]), wheel.filename);
  const credentials = Buffer.from(`${target.username}:${target.token}`).toString("base64");
  return fetch(target.upload, {
    method: "POST",
    headers: { authorization: `Basic ${credentials}`, accept: "application/json" },
    body: form,
    ...(signal === undefined ? {} : { signal }),
  });
}
