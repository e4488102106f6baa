/** The proxy that runs on a state folder, if it still does. */
import type { ProxyState, RunningProxy } from "#stores/folder/proxy-state.ts";
import { UnavailableError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { object, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { createHttpClient } from "./http-fetch.ts";

const statusLimits = { sizeMax: 262_144, totalMs: 5_000, idleMs: 5_000 } as const;
const decodeStatus = object({ holdfast: string, instance: string });

/** As a client on this machine reaches it. */
export function addressText({ host, port }: Pick<RunningProxy, "host" | "port">): string {
  const reached = anyAddress.has(host) ? "127.0.0.1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}/`;
}

const anyAddress: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

export function simpleUrlOf(running: Pick<RunningProxy, "host" | "name" | "port">): string {
  return `${addressText(running)}${running.name}/simple/`;
}

/** What it says of itself, and where; undefined when it is gone, or something else has its port by now. */
export async function askRunningProxy(
  state: Pick<ProxyState, "readRunning">,
): Promise<{ readonly running: RunningProxy; readonly status: Uint8Array } | undefined> {
  const running = await state.readRunning();
  if (running === undefined) return undefined;
  const client = createHttpClient({ userAgent: "holdfast" });
  try {
    const url = new URL("-/status", addressText(running));
    const { body, status } = await client.fetch({ url }, statusLimits);
    const { holdfast, instance } = decodeStatus(parseJson(body), "");
    const isIt = status === 200 && holdfast === "proxy" && instance === running.instance;
    return isIt ? { running, status: body } : undefined;
  } catch (error) {
    if (error instanceof UnavailableError || error instanceof FormatError) return undefined;
    throw error;
  } finally {
    client.close();
  }
}

export async function findRunningProxy(
  state: Pick<ProxyState, "readRunning">,
): Promise<RunningProxy | undefined> {
  return (await askRunningProxy(state))?.running;
}
