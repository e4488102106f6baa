/**
 * nginx as Debian configures it (worker_processes auto, sendfile and tcp_nopush on, access log on), started with its
 * own prefix, configuration, logs and port beside whatever nginx the machine runs. It serves a folder of pages that
 * were compressed beforehand (gzip_static), and a simple tree for pip and uv.
 */

import { access, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { emptyEnvironment, freePort, runCommand, startChild, waitForPort } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";

export type NginxPeer = {
  readonly child: Child;
  readonly port: number;
  readonly version: string;
  /** What is served lies here: pages/, files/, simple/. */
  readonly root: string;
};

const PROGRAM = "/usr/sbin/nginx";

/** Installs nginx with apt when it is absent and this user may; the version it reports. */
export async function installNginx(): Promise<string> {
  const present = await access(PROGRAM).then(
    () => true,
    () => false,
  );
  if (!present) {
    if (process.getuid?.() !== 0) {
      throw new Error("nginx is not installed: install Debian's nginx-light and run again");
    }
    const env = emptyEnvironment({ DEBIAN_FRONTEND: "noninteractive" });
    await runCommand("apt-get", ["update", "-q"], { env });
    await runCommand("apt-get", ["install", "-y", "-q", "nginx-light"], { env });
  }
  const output = await runCommand(PROGRAM, ["-v"]);
  return /nginx\/(\S+)/.exec(output)?.[1] ?? "unknown";
}

export async function startNginx(folder: string, version: string): Promise<NginxPeer> {
  await rm(folder, { recursive: true, force: true });
  const root = path.join(folder, "www");
  for (const part of ["www/pages", "www/files", "www/simple", "logs", "tmp"]) {
    await mkdir(path.join(folder, part), { recursive: true });
  }
  const port = await freePort();
  const configuration = path.join(folder, "nginx.conf");
  await writeFile(configuration, formatConfiguration(folder, root, port));
  const child = startChild(PROGRAM, ["-p", folder, "-c", configuration], {
    logFile: path.join(folder, "logs/start.log"),
  });
  await waitForPort(port, child);
  return { child, port, version, root };
}

function formatConfiguration(folder: string, root: string, port: number): string {
  const json = "application/vnd.pypi.simple.v1+json";
  return `daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/logs/error.log;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  default_type application/octet-stream;
  types { text/html html; ${json} json; }
  access_log ${folder}/logs/access.log;
  gzip on;
  client_body_temp_path ${folder}/tmp/body;
  proxy_temp_path ${folder}/tmp/proxy;
  fastcgi_temp_path ${folder}/tmp/fastcgi;
  uwsgi_temp_path ${folder}/tmp/uwsgi;
  scgi_temp_path ${folder}/tmp/scgi;
  map $http_accept $page { default index.html; ~simple\\.v1\\+json index.json; }
  server {
    listen 127.0.0.1:${port};
    root ${root};
    location /pages/ { gzip_static on; }
    location /files/ { }
    location /simple/ { gzip_static on; index $page; }
  }
}
`;
}

/** Puts a page where nginx serves it, raw and compressed; the compressed bytes are given where they are known. */
export async function writeNginxPage(
  nginx: NginxPeer,
  name: string,
  body: Uint8Array,
  gzip: Uint8Array = gzipSync(body),
): Promise<string> {
  const file = path.join(nginx.root, "pages", name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, body);
  await writeFile(`${file}.gz`, gzip);
  return `/pages/${name}`;
}
