/**
 * Versions (PEP 440): the normal form and the order. Our own, because the proxy derives versions from file names and
 * the verifying path uses Node alone; the tests hold it against a library's answers. Numbers stay decimal text:
 * nothing bounds them, and calendar versions outgrow what a double holds.
 */
import { FormatError } from "#formats/format-error.ts";
import { versionLengthMax } from "./limits.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";

type Version = {
  readonly epoch: string;
  readonly release: readonly string[];
  readonly pre?: { readonly phase: "a" | "b" | "rc"; readonly number: string };
  readonly post?: string;
  readonly dev?: string;
  readonly local?: readonly string[];
};

// PEP 440, appendix B. `u` is absent on purpose: with it, `i` would also match characters that only fold to ASCII.
const pattern = new RegExp(
  [
    /^v?(?:(?<epoch>[0-9]+)!)?(?<release>[0-9]+(?:\.[0-9]+)*)/,
    /(?:[-_.]?(?<phase>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<pre>[0-9]+)?)?/,
    /(?:-(?<implicitPost>[0-9]+)|[-_.]?(?<postWord>post|rev|r)[-_.]?(?<post>[0-9]+)?)?/,
    /(?:[-_.]?(?<devWord>dev)[-_.]?(?<dev>[0-9]+)?)?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/,
  ]
    .map((part) => part.source)
    .join(""),
  "i",
);

// Most versions by far. A page has thousands, so they take the short way.
const plainRelease = /^[0-9]+(?:\.[0-9]+)*$/;
const normalRelease = /^(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*$/;

/** The normal form (`v1.0-Beta.2` → `1.0b2`), or `version.invalid`. Surrounding blanks are not accepted. */
export function normaliseVersion(text: string): string {
  const version = normalVersionOf(text);
  if (version !== undefined) return version;
  throw new FormatError("version.invalid", `${quoteText(text)} is not a version as PEP 440 has it`);
}

/** The normal form, or undefined for what is no version in any spelling PEP 440 allows. */
export function normalVersionOf(text: string): string | undefined {
  if (text.length <= versionLengthMax && normalRelease.test(text)) return text;
  const version = readVersion(text);
  return version === undefined ? undefined : formatVersion(version);
}

/** Whether the text is a version in any spelling PEP 440 allows. */
export function isVersion(text: string): boolean {
  return normalVersionOf(text) !== undefined;
}

/** PEP 440's order: negative, zero or positive. Both must be versions (`version.invalid`). */
export function compareVersions(left: string, right: string): number {
  if (left === right) return 0;
  const a = parseVersion(left);
  const b = parseVersion(right);
  return (
    compareNumbers(a.epoch, b.epoch) ||
    compareReleases(a.release, b.release) ||
    comparePre(a, b) ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLocal(a.local, b.local)
  );
}

function parseVersion(text: string): Version {
  const version = readVersion(text);
  if (version !== undefined) return version;
  throw new FormatError("version.invalid", `${quoteText(text)} is not a version as PEP 440 has it`);
}

function readVersion(text: string): Version | undefined {
  if (text.length > versionLengthMax) return undefined;
  if (plainRelease.test(text)) return { epoch: "0", release: text.split(".").map(plainNumber) };
  const groups = pattern.exec(text)?.groups;
  const release = groups?.["release"];
  if (groups === undefined || release === undefined) return undefined;
  const phase = groups["phase"];
  const post = groups["implicitPost"] ?? (groups["postWord"] && (groups["post"] ?? "0"));
  const dev = groups["devWord"] && (groups["dev"] ?? "0");
  const local = groups["local"];
  return {
    epoch: plainNumber(groups["epoch"] ?? "0"),
    release: release.split(".").map(plainNumber),
    ...(phase !== undefined && {
      pre: { phase: prePhase(phase), number: plainNumber(groups["pre"] ?? "0") },
    }),
    ...(post !== undefined && { post: plainNumber(post) }),
    ...(dev !== undefined && { dev: plainNumber(dev) }),
    ...(local !== undefined && {
      local: local
        .toLowerCase()
        .split(/[-_.]/)
        .map((segment) => (isNumber(segment) ? plainNumber(segment) : segment)),
    }),
  };
}

function formatVersion(version: Version): string {
  const { epoch, release, pre, post, dev, local } = version;
  return [
    epoch === "0" ? "" : `${epoch}!`,
    release.join("."),
    pre === undefined ? "" : `${pre.phase}${pre.number}`,
    post === undefined ? "" : `.post${post}`,
    dev === undefined ? "" : `.dev${dev}`,
    local === undefined ? "" : `+${local.join(".")}`,
  ].join("");
}

function prePhase(phase: string): "a" | "b" | "rc" {
  const letter = phase.toLowerCase();
  if (letter.startsWith("a")) return "a";
  return letter.startsWith("b") ? "b" : "rc";
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function plainNumber(digits: string): string {
  if (!digits.startsWith("0")) return digits;
  return digits.replace(/^0+(?=[0-9])/, "");
}

function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

function compareReleases(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareNumbers(a[index] ?? "0", b[index] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

/** A development release of the release itself comes before its pre-releases, those before the release. */
function comparePre(a: Version, b: Version): number {
  const rank = ({ pre, post, dev }: Version): number => {
    if (pre !== undefined) return ["a", "b", "rc"].indexOf(pre.phase);
    return post === undefined && dev !== undefined ? -1 : 3;
  };
  return rank(a) - rank(b) || compareNumbers(a.pre?.number ?? "0", b.pre?.number ?? "0");
}

function compareOptional(a: string | undefined, b: string | undefined, absent: 1 | -1): number {
  if (a !== undefined && b !== undefined) return compareNumbers(a, b);
  if (a === b) return 0;
  return a === undefined ? absent : -absent;
}

/** Segment by segment: numbers after letters, more segments after fewer, none at all first. */
function compareLocal(a: readonly string[] = [], b: readonly string[] = []): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const left = a[index];
    const right = b[index];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    if (isNumber(left) !== isNumber(right)) return isNumber(left) ? 1 : -1;
    if (isNumber(left)) return compareNumbers(left, right);
    return left < right ? -1 : 1;
  }
  return 0;
}
