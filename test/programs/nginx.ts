/** The committed nginx example, run for a test: other ports, paths and names, and not a directive less. */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

export type Nginx = {
  /** Where the index is reached: https, and the example's prefix. */
  readonly url: string;
  /** The certificate of the authority that signed its own. */
  readonly authority: string;
  stop(): Promise<void>;
};

export type PlainAnswer = {
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

const host = "127.0.0.1";
const startMsMax = 10_000;

/** The first of these programs that this machine lacks. */
export async function findMissingProgram(): Promise<string | undefined> {
  for (const [program, option] of [
    ["nginx", "-v"],
    ["openssl", "version"],
  ] as const) {
    const run = await runProgram(program, [option], options()).catch(() => undefined);
    if (run?.status !== 0) return program;
  }
  return undefined;
}

/** A port that nothing listens on, for a program that must know another one's address before that is up. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, host, listening.resolve);
  await listening.promise;
  const address = server.address();
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function startNginx(
  folder: string,
  ports: { readonly own: number; readonly index: number },
): Promise<Nginx> {
  const authority = await makeCertificates(folder);
  const example = await readFile(join(projectRoot, "deploy", "nginx.conf"), "utf8");
  const site = replaceAll(example, [
    ["listen 443 ssl;", `listen ${host}:${ports.own} ssl;`],
    ["server_name packages.example.com;", `server_name ${host};`],
    ["/etc/ssl/packages.example.com.pem", join(folder, "server.pem")],
    ["/etc/ssl/packages.example.com.key", join(folder, "server.key")],
    ["http://127.0.0.1:8470/", `http://${host}:${ports.index}/`],
  ]);
  await mkdir(join(folder, "temp"));
  await writeFile(join(folder, "nginx.conf"), mainConfiguration(folder, site));
  const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")];
  const child = spawn("nginx", args, { ...options(), stdio: "ignore" });
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const endWithTest = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithTest);
  await waitForPort(ports.own, join(folder, "error.log"));
  return {
    url: `https://${host}:${ports.own}/python/`,
    authority,
    stop: async () => {
      process.removeListener("exit", endWithTest);
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** One request that trusts this authority alone. */
export async function fetchOverTls(
  { authority }: Nginx,
  url: URL | string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  } = {},
): Promise<PlainAnswer> {
  const ca = await readFile(authority);
  const { promise, resolve, reject } = Promise.withResolvers<PlainAnswer>();
  const { method = "GET", headers = {}, body } = init;
  const asking = request(url, { ca, method, headers, agent: false }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () =>
      resolve({
        status: answer.statusCode ?? 0,
        reason: answer.statusMessage ?? "",
        headers: new Map(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: Buffer.concat(chunks).toString(),
      }),
    );
  });
  asking.on("error", reject);
  asking.end(body);
  return promise;
}

function mainConfiguration(folder: string, site: string): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, "temp", name)};`,
  );
  return [
    ...["daemon off;", "master_process off;", `pid ${join(folder, "nginx.pid")};`],
    ...["events {}", "http {", "access_log off;", ...places, site, "}", ""],
  ].join("\n");
}

/** Each must be there: what the example says otherwise is no longer what is tested. */
function replaceAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  let replaced = text;
  for (const [from, to] of pairs) {
    if (!replaced.includes(from)) throw new Error(`deploy/nginx.conf does not say "${from}"`);
    replaced = replaced.replaceAll(from, to);
  }
  return replaced;
}

/** An authority, and a certificate of it for the loopback address. */
async function makeCertificates(folder: string): Promise<string> {
  const authority = join(folder, "authority.pem");
  const key = join(folder, "authority.key");
  const make = (args: readonly string[]): Promise<unknown> =>
    runToSuccess(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-nodes", "-days", "2", ...args],
      ],
      options(),
    );
  await make([
    ...["-keyout", key, "-out", authority, "-subj", "/CN=Holdfast test authority"],
    ...["-addext", "keyUsage=critical,keyCertSign"],
  ]);
  await make([
    ...["-CA", authority, "-CAkey", key, "-subj", "/CN=Holdfast test"],
    ...["-keyout", join(folder, "server.key"), "-out", join(folder, "server.pem")],
    ...["-addext", `subjectAltName=IP:${host}`, "-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  return authority;
}

async function waitForPort(port: number, log: string): Promise<void> {
  for (const deadline = performance.now() + startMsMax; ; await delay(50)) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect(port, host, () => resolve(true));
    socket.once("error", () => resolve(false));
    const isUp = await promise;
    socket.destroy();
    if (isUp) return;
    if (performance.now() > deadline) {
      throw new Error(`nginx does not start:\n${await readFile(log, "utf8").catch(() => "")}`);
    }
  }
}

function options(): { env: Record<string, string>; cwd: string } {
  const env = machineEnvironment();
  // Where Debian puts what only administrators start.
  env["PATH"] = `${env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin`;
  return { env, cwd: projectRoot };
}
