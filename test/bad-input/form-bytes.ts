/** The upload form as bytes, each part and each header where the test wants it. */
import { sha256Hex } from "#crypto/hash.ts";
import type { SmallWheel } from "#clients/small-wheel.ts";

export const boundary = "holdfast-bad-input-boundary";

export type Field = readonly [name: string, value: string];

export type FormFile = { readonly filename: string; readonly bytes: Uint8Array };

/** The fields an honest uploader sends with this wheel. */
export function honestFields(wheel: SmallWheel): readonly Field[] {
  return fieldsOf(wheel.project, wheel.version, wheel);
}

export function fieldsOf(project: string, version: string, file: FormFile): readonly Field[] {
  const isWheel = file.filename.endsWith(".whl");
  return [
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["metadata_version", "2.1"],
    ["name", project],
    ["version", version],
    ["filetype", isWheel ? "bdist_wheel" : "sdist"],
    ["pyversion", isWheel ? "py3" : "source"],
    ["sha256_digest", sha256Hex(file.bytes)],
  ];
}

/** The fields with one of them set to another value, or added, or (undefined) left out. */
export function changeField(
  fields: readonly Field[],
  name: string,
  value: string | undefined,
): readonly Field[] {
  const others = fields.filter(([other]) => other !== name);
  return value === undefined ? others : [...others, [name, value]];
}

export function formBody(fields: readonly Field[], file: FormFile): Buffer {
  const parts = fields.map(([name, value]) => fieldPart(name, value));
  return joinParts([...parts, filePart(file)]);
}

export function fieldPart(name: string, value: string | Uint8Array): Buffer {
  return part(`Content-Disposition: form-data; name="${quoted(name)}"`, value);
}

export function filePart(file: FormFile, name = "content"): Buffer {
  const disposition = `Content-Disposition: form-data; name="${quoted(name)}"; filename="${quoted(file.filename)}"`;
  return part(`${disposition}\r\nContent-Type: application/octet-stream`, file.bytes);
}

/** One part; `head` is its header block as it is, without the empty line. */
export function part(head: string, value: string | Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    Buffer.from(value),
    Buffer.from("\r\n"),
  ]);
}

export function joinParts(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

/** As browsers and Python's clients write names: what would end the quotes is percent-encoded. */
function quoted(text: string): string {
  return text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
