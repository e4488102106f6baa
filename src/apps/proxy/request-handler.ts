/** Answers requests: who asks, what for, and from which state. Only what the parts verified reaches an answer. */
import type { FileWish } from "#core/verdict/file-decision.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { ProxyRequest, ProxyResponse } from "./exchange.ts";
import type { FileAnswer } from "./file-lookup.ts";
import { fileResponse } from "./file-response.ts";
import type { IndexAddress } from "./index-fetch.ts";
import type { Ground } from "./index-view.ts";
import { pageResponse } from "./page-response.ts";
import type { ProjectFiles } from "./project-files.ts";
import type { ProjectPages } from "./project-pages.ts";
import { fileNotListed, fileRefusal, ownProblem, pageRefusal } from "./refusal-response.ts";
import { guardRequest, isLoopback } from "./request-guard.ts";
import type { ListenAddress } from "./request-guard.ts";
import { parseRequestPath } from "./request-path.ts";
import type { Wanted } from "./request-path.ts";
import type { ViewReport } from "./view-report.ts";

export type HandlerParts = {
  readonly address: IndexAddress;
  readonly name: string;
  readonly listen: ListenAddress;
  readonly instance: string;
  readonly pages: ProjectPages;
  readonly files: ProjectFiles;
  readonly findFile: (wish: FileWish, metadata: boolean) => Promise<FileAnswer>;
  readonly refuse: (refusal: Refusal) => void;
  readonly report: () => ViewReport;
};

export class RequestHandler {
  readonly #parts: HandlerParts;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async answer(request: ProxyRequest): Promise<ProxyResponse> {
    const { listen, name } = this.#parts;
    const finding = guardRequest(request, listen);
    if (finding !== undefined) return ownProblem(finding.code, finding.sentence);
    const wanted = parseRequestPath(request.path, name);
    switch (wanted.kind) {
      case "page":
        return await this.#answerPage(wanted, request);
      case "file":
        return await this.#answerFile(wanted, request);
      case "page-elsewhere": {
        const headers = { location: wanted.location };
        return { status: 301, reason: "Moved Permanently", headers, body: new Uint8Array(0) };
      }
      case "status":
        return this.#answerStatus();
      case "start":
        return this.#answerStart();
      case "project-list": {
        const sentence =
          "The list of all projects is not verified, so it is not offered: ask for a project";
        return ownProblem("request.path", sentence);
      }
      case "nothing":
        return ownProblem("request.path", `Nothing is here: pages are below /${name}/simple/`);
    }
  }

  async #answerPage(
    { project }: Wanted & { kind: "page" },
    request: ProxyRequest,
  ): Promise<ProxyResponse> {
    const { listen, pages, refuse } = this.#parts;
    const answer = await pages.findPage(project);
    if (answer.kind === "refused") {
      refuse(answer.refusal);
      return pageRefusal(answer.refusal, request.headers["user-agent"]);
    }
    if (answer.kind === "absent" && answer.ground.offline !== undefined) {
      // The newest view that was to be had is an older one: silence must not make a new project seem not to exist.
      const { refusal: why } = answer.ground.offline;
      const sentence = `Cannot say whether there is a project ${project} by now: ${why.sentence}`;
      const refusal = { ...why, sentence, subject: `page ${project}` };
      refuse(refusal);
      return withGround(pageRefusal(refusal, request.headers["user-agent"]), answer.ground);
    }
    if (answer.kind === "absent") {
      const sentence = `The index has no project ${project}, which its signatures prove`;
      return withGround(ownProblem("project.unknown", sentence), answer.ground);
    }
    pages.noteServed(answer.page);
    const response = await pageResponse(answer.page, request, !isLoopback(listen.host));
    return withGround(response, answer.ground);
  }

  async #answerFile(
    wanted: Wanted & { kind: "file" },
    request: ProxyRequest,
  ): Promise<ProxyResponse> {
    const { files, findFile, refuse } = this.#parts;
    const answer = await findFile(wanted, wanted.metadata);
    if (answer.kind !== "listed") {
      refuse(answer.refusal);
      return answer.kind === "refused"
        ? fileRefusal(answer.refusal)
        : fileNotListed(answer.refusal);
    }
    const outcome = await fileResponse(files, answer.file, request);
    if (outcome.kind === "answer") return withGround(outcome.response, answer.file.ground);
    refuse(outcome.refusal);
    return fileRefusal(outcome.refusal);
  }

  #answerStatus(): ProxyResponse {
    const { instance, report } = this.#parts;
    const body = formatUtf8(JSON.stringify({ holdfast: "proxy", instance, ...report() }));
    return { status: 200, reason: "OK", headers: { "content-type": "application/json" }, body };
  }

  #answerStart(): ProxyResponse {
    const { address, listen, name } = this.#parts;
    const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
    const text = [
      `Holdfast proxy for ${address.index.href}: it serves only what it has verified.`,
      `pip install --index-url http://${host}:${listen.port}/${name}/simple/ …`,
      "holdfast status says what it knows and what it refused.",
      "",
    ].join("\n");
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return { status: 200, reason: "OK", headers, body: formatUtf8(text) };
  }
}

/** Says on which state an answer stands. */
function withGround(response: ProxyResponse, { offline, state }: Ground): ProxyResponse {
  const { snapshot, timestamp } = state.view;
  const versions = `timestamp ${timestamp.value.version}, snapshot ${snapshot.value.version}`;
  const words =
    offline === undefined
      ? `verified; ${versions}`
      : `offline since ${formatInstant(offline.since)}${offline.prolonged ? ", expired" : ""}; ${versions}`;
  return { ...response, headers: { ...response.headers, "x-holdfast": words } };
}
