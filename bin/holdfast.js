#!/usr/bin/env node
/** `holdfast COMMAND`: finds the program a command belongs to and runs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, runScript } from "./bootstrap.js";

const programs = new Map([
  ["up", "up"],
  ["index", "index"],
  ["signer", "signer"],
  ["recover", "signer"],
  ["proxy", "proxy"],
  ["run", "proxy"],
  ["status", "proxy"],
  ["verify", "proxy"],
  ["admin", "admin"],
  ["restore", "admin"],
  ["init", "ceremony"],
  ["renew", "ceremony"],
  ["ceremony", "ceremony"],
  ["doctor", "doctor"],
  ["tuf-client", "tuf-client"],
]);

const overview = `Holdfast: a Python package index that stays trustworthy when parts of it are broken into.

Usage: holdfast COMMAND [OPTIONS]        holdfast COMMAND --help

Try it, or run all of it on one machine
  up         index, signer and proxy together; makes everything it needs on first use
  doctor     look over a data folder: keys, permissions, expiry, what answers

Install packages, verified
  proxy      the verifying index on this machine that pip, uv, poetry and pdm talk to
  run        run one command through it: holdfast run -- pip install NAME
  status     what the proxy trusts, and what it refused and why
  verify     does this index vouch for these files on disk?

Run an index
  index      the web service: uploads, simple pages, files
  signer     the service that signs what the index publishes
  admin      accounts, tokens, projects, import, backup
  init       make the keys and the first metadata of a new index
  renew      sign root, targets and claimed anew with the offline keys
  ceremony   offline keys held by several people: propose, show, sign, combine, publish
  restore    bring a backup back
  recover    after a break-in: new keys, pages as a good copy has them

Judge it, or use it elsewhere
  tuf-client the proxy's TUF client alone, with the command line of the TUF conformance suite

Options
  --help, --version
`;

const [command, ...rest] = process.argv.slice(2);

if (command === undefined || command === "--help" || command === "-h" || command === "help") {
  process.stdout.write(overview);
  process.exit(command === undefined ? 64 : 0);
}
if (command === "--version" || command === "-V") {
  const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
  process.stdout.write(`holdfast ${version}\n`);
  process.exit(0);
}
// The offline keys are nothing an index's administrator needs at hand, so renewing is the ceremony's in either spelling.
const [name, args] =
  command === "admin" && rest[0] === "renew" ? ["renew", rest.slice(1)] : [command, rest];
const program = programs.get(name);
if (program === undefined) {
  process.stderr.write(
    `holdfast: there is no command "${command}". The commands are: ${[...programs.keys()].join(", ")}.\n`,
  );
  process.exit(64);
}
await runScript(`src/apps/${program}/main.ts`, [name, ...args]);
