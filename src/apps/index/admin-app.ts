/**
 * The operator's door: JSON over HTTP on a Unix socket that only the index's own user can open. What `holdfast admin`
 * asks for. Answers errors as problems (RFC 9457); long work answers a line of JSON for each step.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import * as v from "valibot";
import type { AccountOffice } from "#core/accounts/account-office.ts";
import { isProjectRole } from "#core/accounts/permissions.ts";
import {
  isTokenLive,
  tokenActions,
  tokenLabelLengthMax,
  tokenProjectsMax,
  type Token,
} from "#core/accounts/token.ts";
import { RefusedError } from "#core/errors.ts";
import type { FileEntry, ProjectEntry } from "#core/releases/catalogue.ts";
import {
  isProjectName,
  normaliseProjectName,
  type ProjectName,
} from "#formats/python/project-name.ts";
import { backUp } from "./backup.ts";
import { refusalBody, refusalOf } from "./error-response.ts";
import { importFolder } from "./import-folder.ts";
import type { IndexParts } from "./index-parts.ts";
import { findVerb, manageProject, operatorVerbs } from "./managing.ts";
import { readBody, readJsonBody } from "./request-body.ts";

export type AdminHandler = (request: IncomingMessage, response: ServerResponse) => void;

type Call = {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly input: unknown;
  /** One line of a long answer; after the first, the status is 200 whatever comes. */
  readonly tell: (line: unknown) => void;
};

type Door = { readonly parts: IndexParts; readonly office: AccountOffice };

const listLengthMax = 1_000;

export function createAdminHandler(door: Door): AdminHandler {
  return (request, response) => {
    answer(door, request, response).catch((error: unknown) => {
      door.parts.ports.logTrouble("Cannot answer at the admin door", error);
      response.destroy();
    });
  };
}

async function answer(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://admin");
  const tell = (line: unknown): void => {
    if (!response.headersSent) {
      response.writeHead(200, {
        "Content-Type": "application/x-ndjson",
        "Cache-Control": "no-store",
      });
    }
    response.write(`${JSON.stringify(line)}\n`);
  };
  try {
    const method = request.method ?? "";
    const input = method === "GET" ? {} : await readJsonBody(request);
    const segments = url.pathname.slice(1).split("/").map(decodeURIComponent);
    const result = await route(door, { method, segments, query: url.searchParams, input, tell });
    if (response.headersSent) response.end();
    else sendJson(response, 200, result);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === "internal")
      door.parts.ports.logTrouble("Cannot answer at the admin door", error);
    const { contentType, text } = refusalBody(refusal, "problem");
    if (response.headersSent) {
      response.end(
        `${JSON.stringify({ kind: "error", code: refusal.code, message: refusal.message })}\n`,
      );
    } else {
      response.writeHead(refusal.status, { "Content-Type": contentType });
      response.end(text);
    }
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

async function route(door: Door, call: Call): Promise<unknown> {
  const { method, segments } = call;
  const [version, noun = "", name, verb] = segments;
  const isThere = version === "v1" && segments.length <= 4;
  switch (
    isThere
      ? `${method} ${noun}${name === undefined ? "" : "/x"}${verb === undefined ? "" : "/y"}`
      : ""
  ) {
    case "GET status":
      return readStatus(door);
    case "GET accounts":
      return { accounts: await door.parts.ports.accounts.readAccounts() };
    case "POST accounts":
      return door.office.openAccount(
        readBody(v.strictObject({ name: v.string() }), call.input).name,
      );
    case "GET tokens":
      return {
        tokens: (await door.parts.ports.accounts.readTokens()).map((token) =>
          tokenJson(door, token),
        ),
      };
    case "POST tokens":
      return createToken(door, call.input);
    case "POST tokens/x/y":
      if (verb !== "revoke") break;
      return tokenJson(door, await door.office.revokeToken(name ?? ""));
    case "GET projects":
      return listProjects(door, call.query);
    case "GET projects/x":
      return showProject(door, normaliseProjectName(name ?? ""));
    case "PUT projects/x/y":
      if (verb !== "members") break;
      return writeMember(door, normaliseProjectName(name ?? ""), call.input);
    case "POST projects/x/y":
      return manage(door, normaliseProjectName(name ?? ""), verb ?? "", call.input);
    case "POST import":
      return runImport(door, call);
    case "POST backup":
      return runBackup(door, call);
    default:
  }
  throw new RefusedError(
    "request.not-found",
    "There is nothing at this address of the admin door.",
  );
}

async function readStatus({ parts }: Door): Promise<unknown> {
  const { outbox, ports, settings } = parts;
  const signer = await ports.door.readStatus().catch(() => undefined);
  return {
    name: settings.name,
    private: settings.isPrivate,
    ...(settings.publicUrl !== undefined && { publicUrl: settings.publicUrl }),
    catalogue: await ports.releases.countCatalogue(),
    outbox: outbox.size,
    signer: signer ?? null,
  };
}

const tokenWish = v.strictObject({
  account: v.string(),
  label: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(tokenLabelLengthMax, `at most ${tokenLabelLengthMax} characters`),
    ),
    "",
  ),
  actions: v.pipe(
    v.array(v.picklist(tokenActions)),
    v.minLength(1),
    v.maxLength(tokenActions.length),
  ),
  projects: v.optional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(tokenProjectsMax))),
  expiresAt: v.optional(v.pipe(v.string(), v.isoTimestamp())),
});

async function createToken(door: Door, input: unknown): Promise<unknown> {
  const wish = readBody(tokenWish, input);
  const { token, text } = await door.office.createToken({
    accountName: wish.account,
    label: wish.label,
    actions: [...new Set(wish.actions)],
    ...(wish.projects !== undefined && { projects: wish.projects.map(normaliseProjectName) }),
    ...(wish.expiresAt !== undefined && { expiresAt: new Date(wish.expiresAt) }),
  });
  return { ...tokenJson(door, token), token: text };
}

function tokenJson({ parts }: Door, token: Token): Record<string, unknown> {
  const { accountId: _accountId, accountName, projects, ...rest } = token;
  const live = isTokenLive(token, parts.ports.clock());
  return { ...rest, account: accountName, projects: projects ?? null, live };
}

async function listProjects({ parts }: Door, query: URLSearchParams): Promise<unknown> {
  const search = query.get("search") ?? "";
  const after = query.get("after") ?? "";
  const projects = await parts.ports.releases.readProjects({
    ...(search !== "" && { search: search.toLowerCase() }),
    ...(isProjectName(after) && { after }),
    limit: listLengthMax,
  });
  return { projects, more: projects.length === listLengthMax };
}

async function showProject({ parts }: Door, name: ProjectName): Promise<unknown> {
  const { releases } = parts.ports;
  const project: ProjectEntry = await findProject(parts, name);
  const files: readonly FileEntry[] = await releases.readFiles(name);
  return { ...project, members: await releases.readMembers(name), files };
}

async function findProject({ ports }: IndexParts, name: ProjectName): Promise<ProjectEntry> {
  const project = await ports.releases.findProject(name);
  if (project !== undefined) return project;
  throw new RefusedError("project.unknown", `There is no project '${name}' here.`);
}

const membership = v.strictObject({ account: v.string(), role: v.nullable(v.string()) });

async function writeMember({ parts }: Door, name: ProjectName, input: unknown): Promise<unknown> {
  const { account, role } = readBody(membership, input);
  if (role !== null && !isProjectRole(role)) {
    throw new RefusedError("request.invalid", "A role is owner or maintainer.");
  }
  await parts.ports.releases.writeMember(name, account, role ?? undefined);
  return { members: await parts.ports.releases.readMembers(name) };
}

async function manage(
  { parts }: Door,
  name: ProjectName,
  text: string,
  input: unknown,
): Promise<unknown> {
  const verb = findVerb(operatorVerbs, text);
  if (verb === undefined) {
    throw new RefusedError(
      "request.invalid",
      `Cannot do that to a project: choose ${operatorVerbs.join(", ")}.`,
    );
  }
  await findProject(parts, name);
  const ports = { publishing: parts.publishing, releases: parts.ports.releases };
  return manageProject(ports, name, verb, input, async () => {});
}

const importWish = v.strictObject({
  folder: v.string(),
  account: v.string(),
  uploadTime: v.optional(v.picklist(["modified", "now"]), "now"),
});

async function runImport({ parts }: Door, { input, tell }: Call): Promise<void> {
  const { folder, account: accountName, uploadTime } = readBody(importWish, input);
  const { createBlake2b256, outbox, ports, publishing, settings } = parts;
  const account = await ports.accounts.findAccount(accountName);
  if (account === undefined) {
    throw new RefusedError("account.unknown", `There is no account '${accountName}'.`);
  }
  const publisher = { accountId: account.id, accountName: account.name };
  const sizeMax = settings.uploadSizeMax;
  await importFolder(
    { ...ports, createBlake2b256, outbox, publishing },
    { folder, publisher, uploadTime, sizeMax },
    tell,
  );
}

const backupWish = v.strictObject({
  folder: v.string(),
  withoutSigner: v.optional(v.boolean(), false),
});

async function runBackup({ parts }: Door, { input, tell }: Call): Promise<void> {
  await backUp(parts.ports, readBody(backupWish, input), tell);
}
