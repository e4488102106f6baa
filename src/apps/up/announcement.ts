/** What a person reads when everything is ready: where it is, what to try, and what lies where it should not. */
import { styleText } from "node:util";

export type Announcement = {
  readonly index: string;
  readonly upload: string;
  readonly proxySimple: string;
  readonly data: string;
  readonly rootFingerprint: string;
  /** null where its file is not there. */
  readonly token: string | null;
  readonly tokenFile: string;
  readonly proxyState: string;
  /** The folder of the offline keys where they lie on this machine. */
  readonly offlineKeys: string | undefined;
  readonly isPrivate: boolean;
};

/** Lines for a terminal, or plain ones for a log. */
export function formatAnnouncement(about: Announcement, isTerminal: boolean): string {
  const bold = (text: string): string => (isTerminal ? styleText("bold", text) : text);
  const faint = (text: string): string => (isTerminal ? styleText("dim", text) : text);
  const warn = (text: string): string => (isTerminal ? styleText("yellow", text) : text);
  const row = (name: string, value: string, note = ""): string =>
    `  ${name.padEnd(10)}${value}${note === "" ? "" : `  ${faint(note)}`}`;
  const password =
    about.token === null ? "YOUR-TOKEN" : `"$(cat ${quoteForShell(about.tokenFile)})"`;

  const lines = [
    bold("Holdfast is ready"),
    "",
    row("index", about.index, about.isPrivate ? "reading needs a token" : ""),
    row("upload", about.upload),
    row("install", about.proxySimple, "the proxy on this machine: verifies every byte"),
    row("root", about.rootFingerprint, "what another machine's proxy is told to trust"),
    about.token === null
      ? row("token", "unknown", missingToken(about))
      : row("token", about.token, `user __token__, also in ${about.tokenFile}`),
    row("data", about.data),
    "",
    bold("Try it"),
    `  twine upload --repository-url ${about.upload} -u __token__ -p ${password} dist/*`,
    `  pip install --index-url ${about.proxySimple} YOUR-PACKAGE`,
    `  npx --no-install holdfast status --state ${quoteForShell(about.proxyState)}`,
  ];
  if (about.offlineKeys !== undefined) {
    lines.push(
      "",
      warn("Fine for a try, not for production"),
      `  The offline keys (root, targets, claimed) lie on this machine, in ${about.offlineKeys}.`,
      "  Whoever takes this machine takes them too. Move that folder to a medium you keep apart, and bring it",
      "  back only for `holdfast renew`. `holdfast doctor` says what else to look at.",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Only the index knows which tokens are alive; here it is known that the file is not there. */
function missingToken({ data, tokenFile }: Announcement): string {
  const make = `holdfast admin token create --data ${quoteForShell(data)}`;
  return `${tokenFile} is not there (revoked, or removed); make another: ${make}`;
}

function quoteForShell(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
