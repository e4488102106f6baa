/** Answers requests: who asks, what for, and in which form. Only what the offering verified reaches an answer. */
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProxyRequest, ProxyResponse } from "./exchange.ts";
import type { Offering, WantedFile } from "./offering.ts";
import { pageResponse } from "./page-response.ts";
import { fileNotListed, fileRefusal, ownProblem, pageRefusal } from "./refusal-response.ts";
import { guardRequest, isLoopback } from "./request-guard.ts";
import type { ListenAddress } from "./request-guard.ts";
import { parseRequestPath } from "./request-path.ts";

export type HandlerParts = {
  /** The first segment of every address. */
  readonly name: string;
  readonly listen: ListenAddress;
  /** Tells a running proxy from another one on its port. */
  readonly instance: string;
  readonly offering: Offering;
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
        return await this.#answerPage(wanted.project, request);
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

  async #answerPage(project: ProjectName, request: ProxyRequest): Promise<ProxyResponse> {
    const { listen, offering } = this.#parts;
    const outcome = await offering.answerPage(project);
    switch (outcome.kind) {
      case "refused": {
        const response = pageRefusal(outcome.refusal, request.headers["user-agent"]);
        return outcome.ground === undefined ? response : withGround(response, outcome.ground);
      }
      case "absent":
        return withGround(ownProblem("project.unknown", outcome.sentence), outcome.ground);
      case "page": {
        const response = await pageResponse(outcome.page, request, !isLoopback(listen.host));
        return withGround(response, outcome.ground);
      }
    }
  }

  async #answerFile(wanted: WantedFile, request: ProxyRequest): Promise<ProxyResponse> {
    const outcome = await this.#parts.offering.answerFile(wanted, request);
    switch (outcome.kind) {
      case "answer":
        return withGround(outcome.response, outcome.ground);
      case "refused":
        return fileRefusal(outcome.refusal);
      case "not-listed":
        return fileNotListed(outcome.refusal);
    }
  }

  #answerStatus(): ProxyResponse {
    const { instance, offering } = this.#parts;
    const body = formatUtf8(JSON.stringify({ holdfast: "proxy", instance, ...offering.report() }));
    return { status: 200, reason: "OK", headers: { "content-type": "application/json" }, body };
  }

  #answerStart(): ProxyResponse {
    const { listen, name, offering } = this.#parts;
    const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
    const text = [
      `Holdfast proxy for ${offering.title}: it serves only what it has verified.`,
      `pip install --index-url http://${host}:${listen.port}/${name}/simple/ …`,
      "holdfast status says what it knows and what it refused.",
      "",
    ].join("\n");
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return { status: 200, reason: "OK", headers, body: formatUtf8(text) };
  }
}

/** Says on which state an answer stands. */
function withGround(response: ProxyResponse, ground: string): ProxyResponse {
  return { ...response, headers: { ...response.headers, "x-holdfast": ground } };
}
