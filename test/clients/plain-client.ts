/** The web as a test sees it without any client in between: plain requests to loopback. */
import assert from "node:assert/strict";

export const simpleJson = "application/vnd.pypi.simple.v1+json";

/** The body of a 200 answer. */
export async function fetchBytes(url: URL | string, accept = "*/*"): Promise<Uint8Array> {
  const response = await fetch(url, { headers: { accept } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.status, 200, `${String(url)} answered ${response.status}`);
  return bytes;
}

/** A project's page as JSON, as these exact bytes. */
export function fetchPage(simple: string, project: string): Promise<Uint8Array> {
  return fetchBytes(new URL(`${project}/`, simple), simpleJson);
}

export type ListedFile = { readonly filename: string; readonly url: URL; readonly sha256: string };

/** The files a page lists, with absolute addresses. */
export async function fetchFileList(
  simple: string,
  project: string,
): Promise<readonly ListedFile[]> {
  const base = new URL(`${project}/`, simple);
  const page: unknown = JSON.parse(new TextDecoder().decode(await fetchPage(simple, project)));
  return memberList(page, "files").map((file) => ({
    filename: memberText(file, "filename"),
    url: new URL(memberText(file, "url"), base),
    sha256: memberText(member(file, "hashes"), "sha256"),
  }));
}

export function member(value: unknown, name: string): unknown {
  return new Map<string, unknown>(Object.entries(value ?? {})).get(name);
}

export function memberText(value: unknown, name: string): string {
  const text = member(value, name);
  assert.equal(typeof text, "string", `${name} is not text`);
  return String(text);
}

export function memberList(value: unknown, name: string): readonly unknown[] {
  const list: unknown = member(value, name);
  assert.ok(Array.isArray(list), `${name} is not a list`);
  return list;
}
