/** The index's admin door as its visitor sees it: JSON over HTTP on a Unix socket. */
import { request, type IncomingMessage } from "node:http";
import * as v from "valibot";
import { UnavailableError } from "#core/errors.ts";

/** What the index refused, with its code. */
export class AdminRefusal extends Error {
  override readonly name = "AdminRefusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type AdminDoor = {
  /** The answer's JSON. AdminRefusal; UnavailableError `index.unreachable`. */
  ask(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<unknown>;
  /** An answer of many lines, each as it comes. */
  follow(path: string, body: unknown, onLine: (line: unknown) => void): Promise<void>;
};

const problem = v.object({ code: v.string(), detail: v.string() });
const errorLine = v.object({ kind: v.literal("error"), code: v.string(), message: v.string() });

export function createAdminDoor(socketPath: string): AdminDoor {
  return {
    async ask(method, path, body) {
      const answer = await send(socketPath, method, path, body);
      return JSON.parse(await readAnswer(answer));
    },
    async follow(path, body, onLine) {
      const answer = await send(socketPath, "POST", path, body);
      if (answer.statusCode !== 200) {
        await readAnswer(answer);
        return;
      }
      for await (const text of splitLines(answer)) {
        const line: unknown = JSON.parse(text);
        const error = v.safeParse(errorLine, line);
        if (error.success) throw new AdminRefusal(error.output.code, error.output.message);
        onLine(line);
      }
    },
  };
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { "content-type": "application/json" };
  const asking = request({ socketPath, method, path, headers }, resolve);
  asking.on("error", (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error)));
  asking.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** The whole body of a good answer; AdminRefusal for the others. */
async function readAnswer(answer: IncomingMessage): Promise<string> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const chunk of answer) text += String(chunk);
  if (answer.statusCode === 200) return text;
  const said = v.safeParse(problem, parseOrUndefined(text));
  if (said.success) throw new AdminRefusal(said.output.code, said.output.detail);
  throw new AdminRefusal("index.failed", `The index answered ${answer.statusCode ?? 0}`);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function* splitLines(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  answer.setEncoding("utf8");
  for await (const chunk of answer) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): UnavailableError {
  const reason =
    error.code === "ENOENT" || error.code === "ECONNREFUSED"
      ? `no index is running on this data folder (nobody answers at ${socketPath})`
      : error.code === "EACCES"
        ? `only the user that the index runs as may open ${socketPath}`
        : error.message;
  return new UnavailableError("index.unreachable", `Cannot reach the index: ${reason}`, error);
}
