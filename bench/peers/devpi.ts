/** devpi-server: one stage index without bases, uploads with a session token, as `devpi login` gets it. */

import { rm } from "node:fs/promises";
import path from "node:path";
import { freePort, runCommand, startChild, waitForPort } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";
import { askOk, createHttpClient } from "#bench/http.ts";
import type { UploadDoor } from "#bench/upload.ts";
import type { PythonEnvironment } from "./python-environment.ts";

export type DevpiPeer = {
  readonly child: Child;
  readonly port: number;
  readonly door: UploadDoor;
  pagePath(project: string): string;
};

const PASSWORD = "bench-password";

export async function startDevpi(
  environment: PythonEnvironment,
  folder: string,
): Promise<DevpiPeer> {
  await rm(folder, { recursive: true, force: true });
  await runCommand(path.join(environment.bin, "devpi-init"), [
    ...["--serverdir", folder],
    "--no-root-pypi",
    ...["--root-passwd", PASSWORD],
  ]);
  const port = await freePort();
  const child = startChild(
    path.join(environment.bin, "devpi-server"),
    ["--serverdir", folder, "--host", "127.0.0.1", "--port", String(port), "--offline-mode"],
    { logFile: path.join(folder, "server.log") },
  );
  await waitForPort(port, child);
  const base = `http://127.0.0.1:${port}`;
  const token = await login(base);
  const auth = { "X-Devpi-Auth": Buffer.from(`root:${token}`).toString("base64") };
  const client = createHttpClient();
  await askOk(client, `${base}/root/bench`, {
    method: "PUT",
    headers: { ...auth, "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify({ type: "stage", bases: [], volatile: false })),
  });
  client.close();
  return {
    child,
    port,
    door: { url: `${base}/root/bench/`, headers: auth },
    pagePath: (project) => `/root/bench/+simple/${project}/`,
  };
}

async function login(base: string): Promise<string> {
  const client = createHttpClient();
  const answer = await askOk(client, `${base}/+login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify({ user: "root", password: PASSWORD })),
  });
  client.close();
  const document: { result: { password: string } } = JSON.parse(answer.body.toString());
  return document.result.password;
}
