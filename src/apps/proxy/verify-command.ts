/** `holdfast verify FILE…`: whether the index vouches for files that lie on this disk. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { createHash } from "#crypto/hash.ts";
import { vouchFor } from "#core/verdict/vouch.ts";
import type { DiskFile, Verdict } from "#core/verdict/vouch.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Proxy, ProxyEvent } from "./create-proxy.ts";
import { sentenceOf } from "./event-log.ts";
import { openConnection } from "./open-connection.ts";
import type { VerifyOptions } from "./options.ts";

/** "unknown": nothing can be said, for instance because nobody answers. */
export type FileVerdict =
  | (Verdict & { readonly path: string })
  | {
      readonly kind: "not-vouched" | "unknown";
      readonly path: string;
      readonly findings: readonly { readonly code: string; readonly sentence: string }[];
    };

const exitCodes = { vouched: 0, "not-vouched": 1, unknown: 2 } as const;

export async function verifyFiles(options: VerifyOptions): Promise<number> {
  const say = (sentence: string): void =>
    void process.stderr.write(`holdfast verify: ${sentence}\n`);
  const connection = await openConnection(options, say);
  const verdicts: FileVerdict[] = [];
  try {
    const listen = { host: "127.0.0.1", port: 0 };
    const onEvent = (event: ProxyEvent): void => {
      const sentence = event.event === "refusal" ? undefined : sentenceOf(event);
      if (sentence !== undefined) say(sentence);
    };
    const proxy = await connection.makeProxy({ listen, pinned: true, instance: "", onEvent });
    for (const path of options.files) {
      const verdict = await verifyFile(proxy, path);
      verdicts.push(verdict);
      if (!options.json) process.stdout.write(verdictText(verdict));
    }
  } finally {
    connection.close();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(verdicts, undefined, 2)}\n`);
  return Math.max(...verdicts.map(({ kind }) => exitCodes[kind]));
}

async function verifyFile(proxy: Proxy, path: string): Promise<FileVerdict> {
  let facts: Pick<DiskFile, "sha256" | "size">;
  try {
    facts = await hashFile(path);
  } catch (error) {
    const sentence = unreadableSentence(error);
    return { kind: "unknown", path, findings: [{ code: "file.unreadable", sentence }] };
  }
  const filename = basename(path);
  const project = readProject(filename);
  if (typeof project === "object") return { kind: "not-vouched", path, findings: [project] };
  const file: DiskFile = { filename, project, ...facts };
  const answer = await proxy.judge(project);
  if (answer.kind === "refused") {
    const { code, sentence } = answer.refusal;
    // That a project was taken back is the index's word; everything else says that there is no word to be had.
    const kind = code === "file.denied" ? "not-vouched" : "unknown";
    return { kind, path, findings: [{ code, sentence }] };
  }
  return { path, ...vouchFor(file, answer.page, answer.denials) };
}

function readProject(
  filename: string,
): ProjectName | { readonly code: string; readonly sentence: string } {
  try {
    return parseDistributionFilename(filename).project;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { code: error.code, sentence: error.message };
  }
}

async function hashFile(path: string): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 1_048_576 });
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digestHex(), size };
}

const reasons: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "There is no such file"],
  ["ENOTDIR", "There is no such file"],
  ["EISDIR", "It is a folder: name the files in it"],
  ["EACCES", "This user may not read it"],
]);

function unreadableSentence(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return reasons.get(code) ?? `It cannot be read: ${message}`;
}

const words = { vouched: "vouched for", "not-vouched": "NOT vouched for", unknown: "cannot tell" };

function verdictText({ findings, kind, path }: FileVerdict): string {
  const lines = findings.map(({ code, sentence }) => `  ${code}: ${sentence}\n`);
  return `${path}: ${words[kind]}\n${lines.join("")}`;
}
