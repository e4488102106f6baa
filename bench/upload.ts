/** One upload as twine sends it (the legacy form), for every peer that takes uploads. */

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { askOk, type HttpAnswer, type HttpClient } from "./http.ts";
import type { Wheel } from "./wheel.ts";

export type UploadDoor = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
};

const BOUNDARY = "holdfast-bench-5f2c9a";

export function uploadWheel(
  client: HttpClient,
  door: UploadDoor,
  wheel: Wheel,
): Promise<HttpAnswer> {
  const [head, tail] = formatForm(wheel);
  const body = Buffer.concat([head, wheel.bytes, tail]);
  return askOk(client, door.url, { method: "POST", headers: formHeaders(door, body.length), body });
}

/** The same for a wheel that lies in a file. */
export function uploadWheelFile(
  client: HttpClient,
  door: UploadDoor,
  wheel: Omit<Wheel, "bytes"> & { readonly file: string; readonly size: number },
): Promise<HttpAnswer> {
  const [head, tail] = formatForm(wheel);
  const body = Readable.from(joinForm(head, wheel.file, tail));
  const size = head.length + wheel.size + tail.length;
  return askOk(client, door.url, { method: "POST", headers: formHeaders(door, size), body });
}

async function* joinForm(head: Buffer, file: string, tail: Buffer): AsyncGenerator<Uint8Array> {
  yield head;
  yield* createReadStream(file, { highWaterMark: 1024 * 1024 });
  yield tail;
}

function formHeaders(door: UploadDoor, size: number): Record<string, string> {
  return {
    ...door.headers,
    "Content-Type": `multipart/form-data; boundary=${BOUNDARY}`,
    "Content-Length": String(size),
  };
}

function formatForm(wheel: Omit<Wheel, "bytes">): [Buffer, Buffer] {
  const fields = {
    ":action": "file_upload",
    protocol_version: "1",
    metadata_version: "2.1",
    name: wheel.project,
    version: wheel.version,
    filetype: "bdist_wheel",
    pyversion: "py3",
    requires_python: ">=3.8",
    sha256_digest: wheel.sha256,
  };
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="${wheel.filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return [Buffer.from(parts.join("") + file), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)];
}
