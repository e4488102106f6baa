/** A project page as a server gives it: asked for as pip asks, checked file by file, kept as the load's expected bytes. */

import { gunzipSync } from "node:zlib";
import { createHttpClient } from "./http.ts";
import { formatGet, type LoadTarget } from "./load.ts";
import type { Wheel } from "./wheel.ts";

export type PageForm = "json" | "html";

const ACCEPT: Readonly<Record<PageForm, string>> = {
  json: "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
  html: "text/html",
};

export type PageBody = {
  readonly target: LoadTarget;
  /** As sent. */
  readonly encoded: Buffer;
  readonly plain: Buffer;
};

/** Fetches the page and throws unless it names exactly these wheels with their hashes. */
export async function fetchPage(
  port: number,
  path: string,
  form: PageForm,
  wheels: readonly Pick<Wheel, "filename" | "sha256">[],
  encoding = "gzip, deflate",
): Promise<PageBody> {
  const authority = `127.0.0.1:${port}`;
  const headers = { Accept: ACCEPT[form], "Accept-Encoding": encoding };
  const client = createHttpClient();
  const answer = await client.ask(`http://${authority}${path}`, { headers });
  client.close();
  if (answer.status !== 200) {
    throw new Error(`${path} answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
  }
  const encoded = answer.body;
  const plain = answer.headers["content-encoding"] === "gzip" ? gunzipSync(encoded) : encoded;
  checkPage(plain, form, wheels, path);
  return {
    target: { request: formatGet(authority, path, headers), expected: encoded },
    encoded,
    plain,
  };
}

function checkPage(
  plain: Buffer,
  form: PageForm,
  wheels: readonly Pick<Wheel, "filename" | "sha256">[],
  path: string,
): void {
  const found = form === "json" ? filesOfJson(plain) : filesOfHtml(plain);
  for (const { filename, sha256 } of wheels) {
    if (found.get(filename) !== sha256) {
      throw new Error(`${path} (${form}) does not list ${filename} with its hash`);
    }
  }
  if (found.size !== wheels.length) {
    throw new Error(`${path} (${form}) lists ${found.size} files instead of ${wheels.length}`);
  }
}

function filesOfJson(plain: Buffer): Map<string, string> {
  const page: { files: { filename: string; hashes: { sha256: string } }[] } = JSON.parse(
    plain.toString(),
  );
  return new Map(page.files.map(({ filename, hashes }) => [filename, hashes.sha256]));
}

function filesOfHtml(plain: Buffer): Map<string, string> {
  const links = plain.toString().matchAll(/<a [^>]*#sha256=([0-9a-f]{64})[^>]*>\s*([^<\s]+)\s*</g);
  return new Map([...links].map(([, sha256 = "", filename = ""]) => [filename, sha256]));
}
