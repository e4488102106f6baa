/** Single requests around the measurements: node:http with one keep-alive connection per server. */

import http from "node:http";
import type { Readable } from "node:stream";

export type HttpAnswer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** As sent: not decompressed. */
  readonly body: Buffer;
};

export type HttpAsk = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
};

export type HttpClient = {
  ask(url: string | URL, ask?: HttpAsk): Promise<HttpAnswer>;
  close(): void;
};

const ANSWER_MS = 600_000;

export function createHttpClient(): HttpClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: (url, ask = {}) =>
      new Promise((resolve, reject) => {
        const request = http.request(url, {
          agent,
          method: ask.method ?? "GET",
          headers: { ...ask.headers },
          timeout: ANSWER_MS,
        });
        request.once("timeout", () => request.destroy(new Error(`No answer from ${String(url)}`)));
        request.once("error", reject);
        request.once("response", (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.once("error", reject);
          response.once("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          );
        });
        if (ask.body === undefined) request.end();
        else if (ask.body instanceof Uint8Array) request.end(ask.body);
        else ask.body.pipe(request);
      }),
    close: () => agent.destroy(),
  };
}

/** The answer's body, or an error that shows what came instead. */
export async function askOk(
  client: HttpClient,
  url: string | URL,
  ask: HttpAsk = {},
): Promise<HttpAnswer> {
  const answer = await client.ask(url, ask);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Error(
    `${ask.method ?? "GET"} ${String(url)} answered ${answer.status}: ${answer.body.toString("latin1").slice(0, 500)}`,
  );
}
