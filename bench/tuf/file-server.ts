/**
 * A plain server of one folder's files, the same for all clients: `file-server.ts FOLDER`. Says its port in a line, ends
 * with its standard input.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";

const folder = process.argv[2] ?? "";
const server = createServer((request, response) => {
  try {
    const body = readFileSync(join(folder, basename(request.url ?? "")));
    response.writeHead(200, { "content-length": body.byteLength });
    response.end(body);
  } catch {
    response.writeHead(404, { "content-length": 0 });
    response.end();
  }
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.stdout.write(`${address.port}\n`);
});
process.stdin.resume();
process.stdin.once("end", () => {
  server.closeAllConnections();
  server.close();
});
