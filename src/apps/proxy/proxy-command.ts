/** `holdfast proxy`: the verifying proxy as a program that stays. */
import type { Life } from "#stores/host/life.ts";
import { removeReadyFile, writeReadyFile } from "#stores/host/ready-file.ts";
import type { Connection } from "./connection.ts";
import { openConnection, readListenAddress } from "./open-connection.ts";
import type { Proxy, ProxyEvent } from "./create-proxy.ts";
import { createChangeFilter, logLine } from "./event-log.ts";
import { startHttpServer } from "./http-server.ts";
import type { ProxyOptions } from "./options.ts";
import { isLoopback } from "./request-guard.ts";
import type { ListenAddress } from "./request-guard.ts";
import { addressText, simpleUrlOf } from "#stores/host/running-proxy.ts";

/** Resolves when it accepts connections; the life ends it. */
export async function runProxy(options: ProxyOptions, life: Life): Promise<void> {
  const say = (sentence: string): void =>
    void process.stderr.write(`holdfast proxy: ${sentence}\n`);
  const { readyFile } = options;
  if (readyFile !== undefined) await removeReadyFile(readyFile);
  const connection = await openConnection(options, say);
  life.onStop("connections to the index", connection.close);
  const { facts, name, state, title } = connection;
  const instance = crypto.randomUUID();
  const wanted = await readListenAddress(options);
  if (!isLoopback(wanted.host)) {
    say(
      `It listens on ${wanted.host}, so others can use this proxy, and the credentials it has with it`,
    );
  }
  const { address, proxy } = await serve(connection, wanted, instance, life);
  const running = { pid: process.pid, ...address, name, instance };
  await state.writeRunning(running);
  life.onStop("running.json", async () => {
    const current = await state.readRunning();
    if (current?.instance === instance) await state.removeRunning();
  });
  // The first view before the first client: what is wrong with the index is said now.
  for (const { code, sentence } of await proxy.stand()) say(`${code}: ${sentence}`);
  say(`${title} at ${simpleUrlOf(running)}`);
  if (readyFile === undefined) return;
  await writeReadyFile(readyFile, {
    proxy: addressText(running),
    proxySimple: simpleUrlOf(running),
    ...facts,
    name,
    pid: process.pid,
  });
  life.onStop("ready file", () => removeReadyFile(readyFile));
}

async function serve(
  connection: Connection,
  wanted: ListenAddress,
  instance: string,
  life: Life,
): Promise<{ readonly address: ListenAddress; readonly proxy: Proxy }> {
  const made = Promise.withResolvers<Proxy>();
  const isNews = createChangeFilter();
  const onEvent = (event: ProxyEvent): void => {
    if (isNews(event)) {
      const time = new Date().toISOString();
      process.stdout.write(`${JSON.stringify({ time, ...logLine(event) })}\n`);
    }
  };
  const server = await startHttpServer(wanted, async (address) => {
    const proxy = await connection.makeProxy({ listen: address, pinned: false, instance, onEvent });
    made.resolve(proxy);
    return proxy.handle;
  });
  life.onStop("http server", server.close);
  return { address: server.address, proxy: await made.promise };
}
