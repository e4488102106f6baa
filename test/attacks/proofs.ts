/** Which defence each attack runs into, and how to take it out: `npm run attacks:prove` does, on a copy. */
import type { Edit } from "#tools/edited-tree.ts";

export type Proof = {
  /** The id that begins the attack's test. */
  readonly attack: string;
  /** File below test/attacks. */
  readonly suite: string;
  readonly defence: string;
  readonly edits: readonly Edit[];
};

const stream = "src/core/verdict/verified-stream.ts";
const offered = "src/core/verdict/offered-page.ts";
const view = "src/core/verdict/view.ts";
const listed = "src/core/tuf/listed-file.ts";
const roleChecks = "src/core/tuf/role-checks.ts";
const refusals = "src/apps/proxy/refusal-response.ts";
const indexFetch = "src/apps/proxy/index-fetch.ts";

const noFileHash: Edit = {
  file: stream,
  find: "if (digest === sha256) return;",
  replace: "return;",
};
const noListedLength: Edit = {
  file: listed,
  find: "listed.length !== undefined && bytes.byteLength !== listed.length",
  replace: "false",
};
const noListedHash: Edit = {
  file: listed,
  find: "if (received === expected) continue;",
  replace: "continue;",
};
const noPageName: Edit = { file: offered, find: "page.name !== project", replace: "false" };
const noVersion: Edit = {
  file: roleChecks,
  find: "if (offered.version === expected) return;",
  replace: "return;",
};
const noExpiry: readonly Edit[] = [
  {
    file: roleChecks,
    find: "if (offered.expires.at.getTime() > now.getTime()) return;",
    replace: "return;",
  },
  {
    file: view,
    find: "const expired = state.expiresAt <= now;",
    replace: "const expired = false;",
  },
];
const noThreshold: Edit = {
  file: "src/core/tuf/threshold.ts",
  find: "const { threshold } = signers;",
  replace: "if (good) return; const { threshold } = signers;",
};

const noRoleGuard: Edit = {
  file: roleChecks,
  find: "of held.meta) {",
  replace: "of held === offered ? held.meta : []) {",
};

const noRollback: Edit = {
  file: roleChecks,
  find: "if (offered >= trusted) return;",
  replace: "return;",
};
/** 5.3.11: what a thief has driven up is never forgotten. */
const noForgetting: Edit = {
  file: "src/core/tuf/trusted-set.ts",
  find: 'return !isSame("timestamp") || !isSame("snapshot");',
  replace: 'return isSame("root") && false;',
};

/** The order of delegations is their priority; this asks one of them before all others. */
const askedFirst = (role: string): Edit => ({
  file: "src/core/tuf/delegation-search.ts",
  find: "return delegationsFor(delegations, path).map(",
  replace: `const rank = (one) => (one.name === "${role}" ? 0 : 1); return delegationsFor(delegations, path).toSorted((a, b) => rank(a) - rank(b)).map(`,
});
const noTerminating: readonly Edit[] = [
  {
    file: "src/core/tuf/delegation-search.ts",
    find: "if (next.at(-1)?.delegation.terminating === true) steps = [];",
    replace: "",
  },
  { file: "src/formats/tuf/targets.ts", find: "if (terminating) break;", replace: "" },
];
const noFloor: Edit = {
  file: roleChecks,
  find: "if (version >= floor) continue;",
  replace: "continue;",
};
const indexMap = "src/core/verdict/index-map.ts";
const agreedPage = "src/core/verdict/agreed-page.ts";
const mapOffering = "src/apps/proxy/map-offering.ts";

/** The mapping of all names first, and none with the last word. */
const noOwnNames: readonly Edit[] = [
  {
    file: indexMap,
    find: "names, terminating } of mappings",
    replace: "names, terminating } of mappings.toReversed()",
  },
  { file: indexMap, find: "if (terminating) break;", replace: "void terminating;" },
];
const noAgreedListing: Edit = {
  file: mapOffering,
  find: "same.length >= agree",
  replace: "same.length >= 1",
};
const noAgreedFiles: Edit = {
  file: agreedPage,
  find: "candidates.filter(({ by }) => by.length >= agree)",
  replace: "candidates.filter(({ by }) => by.length >= 1)",
};

const bytes = "bytes.test.ts";
const metadata = "metadata.test.ts";
const resources = "resources.test.ts";
const local = "local.test.ts";
const maps = "maps.test.ts";
const pep458 = "compromise-pep458.test.ts";
const pep480 = "compromise-pep480.test.ts";

export const proofs: readonly Proof[] = [
  { attack: "B1", suite: bytes, defence: "file hash", edits: [noFileHash] },
  {
    attack: "B2",
    suite: bytes,
    defence: "file hash before the last chunk",
    edits: [
      noFileHash,
      {
        file: "src/stores/memory/verified-cache.ts",
        find: "if (sha256Hex(bytes) !== sha256)",
        replace: "if (false)",
      },
    ],
  },
  { attack: "B3", suite: bytes, defence: "metadata hash", edits: [noFileHash] },
  { attack: "B4", suite: bytes, defence: "page hash", edits: [noListedHash] },
  {
    attack: "B5",
    suite: bytes,
    defence: "page length, hash and name",
    edits: [noListedLength, noListedHash, noPageName],
  },
  { attack: "B6", suite: bytes, defence: "page name", edits: [noPageName] },
  {
    attack: "B7",
    suite: bytes,
    defence: "file length and hash",
    edits: [
      noFileHash,
      {
        file: stream,
        find: "if (size !== facts.size) throw wrongLength(facts, size);\n  checkDigest(facts, digest);",
        replace: "",
      },
    ],
  },
  { attack: "B8", suite: bytes, defence: "metadata hash", edits: [noFileHash] },
  {
    attack: "B9",
    suite: bytes,
    defence: "page length and hash",
    edits: [noListedLength, noListedHash],
  },
  {
    attack: "B10",
    suite: bytes,
    defence: "a refusal is never 404",
    edits: [
      { file: refusals, find: '"unreachable" ? 503 : 403', replace: '"unreachable" ? 503 : 404' },
    ],
  },
  {
    attack: "B11",
    suite: bytes,
    defence: "a refusal is never 404 for pip",
    edits: [
      {
        file: refusals,
        find: 'return { status: 200, reason: "OK"',
        replace: 'return { status: 404, reason: "OK"',
      },
    ],
  },
  {
    attack: "M1",
    suite: metadata,
    defence: "no lower timestamp",
    edits: [noRollback],
  },
  {
    attack: "M2",
    suite: metadata,
    defence: "snapshot's hash and version",
    edits: [noListedLength, noListedHash, noVersion],
  },
  { attack: "M3", suite: metadata, defence: "a bin's version", edits: [noVersion] },
  { attack: "M4", suite: metadata, defence: "expiry", edits: noExpiry },
  { attack: "M5", suite: metadata, defence: "expiry of every role", edits: noExpiry },
  { attack: "M6", suite: metadata, defence: "threshold of signatures", edits: [noThreshold] },
  { attack: "M8", suite: metadata, defence: "root's own chain", edits: [noThreshold] },
  { attack: "M9", suite: metadata, defence: "root's version is the next", edits: [noVersion] },
  { attack: "M10", suite: metadata, defence: "root's own chain", edits: [noThreshold] },
  {
    attack: "M11",
    suite: metadata,
    defence: "no role in a snapshot goes back",
    edits: [noRoleGuard],
  },
  {
    attack: "M13",
    suite: metadata,
    defence: "no role disappears from a snapshot, and none is passed over",
    edits: [
      noRoleGuard,
      {
        file: "src/core/tuf/delegation-search.ts",
        find: "role = await loadRole(step.delegator, step.delegation);",
        replace: "role = await loadRole(step.delegator, step.delegation).catch(() => role);",
      },
    ],
  },
  { attack: "M12", suite: metadata, defence: "expiry", edits: noExpiry },
  {
    attack: "R1",
    suite: resources,
    defence: "size limit of a file",
    edits: [
      {
        file: "src/core/verdict/limits.ts",
        find: "return { sizeMax: size, totalMs",
        replace: "return { sizeMax: Number.MAX_SAFE_INTEGER, totalMs",
      },
      { file: stream, find: "if (size > facts.size) throw", replace: "if (false) throw" },
    ],
  },
  {
    attack: "R2",
    suite: resources,
    defence: "least rate and longest time of metadata",
    edits: [
      {
        file: indexFetch,
        find: "const rateMinDefault = 4_096;",
        replace: "const rateMinDefault = 0;",
      },
      { file: "src/core/tuf/limits.ts", find: "totalMs: 60_000", replace: "totalMs: 1e12" },
    ],
  },
  { attack: "K1", suite: pep458, defence: "expiry of snapshot", edits: noExpiry },
  {
    attack: "K2",
    suite: pep458,
    defence: "no lower snapshot, and no role in it",
    edits: [noRollback, noRoleGuard],
  },
  {
    attack: "K3",
    suite: pep458,
    defence: "snapshot's length and hash",
    edits: [noListedLength, noListedHash],
  },
  { attack: "K4", suite: pep458, defence: "expiry of delegated roles", edits: noExpiry },
  {
    attack: "K5",
    suite: pep458,
    defence: "no role in a snapshot goes back",
    edits: [noRoleGuard],
  },
  {
    attack: "K6",
    suite: pep458,
    defence: "snapshot lists the hashes of roles",
    edits: [
      {
        file: "src/core/publication/role-table.ts",
        find: "isHashed ? { version, length",
        replace: 'isHashed && role === "" ? { version, length',
      },
    ],
  },
  { attack: "K7", suite: pep458, defence: "expiry of timestamp", edits: noExpiry },
  {
    attack: "K7",
    suite: pep458,
    defence: "a bin is signed with the key that unclaimed names now",
    edits: [noThreshold],
  },
  { attack: "K8", suite: pep458, defence: "expiry of unclaimed", edits: noExpiry },
  { attack: "K9", suite: pep458, defence: "expiry of recently-claimed", edits: noExpiry },
  { attack: "K10", suite: pep458, defence: "expiry of deny", edits: noExpiry },
  { attack: "K11", suite: pep458, defence: "expiry of claimed", edits: noExpiry },
  { attack: "K12", suite: pep458, defence: "expiry of targets", edits: noExpiry },
  { attack: "K13", suite: pep458, defence: "expiry of root", edits: noExpiry },
  { attack: "K14", suite: pep458, defence: "root's threshold", edits: [noThreshold] },
  { attack: "K15", suite: pep458, defence: "the keys that root names now", edits: [noThreshold] },
  { attack: "K16", suite: pep458, defence: "versions are forgotten", edits: [noForgetting] },
  { attack: "K17", suite: pep458, defence: "versions are forgotten", edits: [noForgetting] },
  { attack: "K18", suite: pep458, defence: "expiry of claimed", edits: noExpiry },
  { attack: "C1", suite: pep480, defence: "expiry of recently-claimed", edits: noExpiry },
  {
    attack: "C2",
    suite: pep480,
    defence: "claimed is asked before recently-claimed",
    edits: [askedFirst("recently-claimed")],
  },
  { attack: "C2", suite: pep480, defence: "expiry of claimed", edits: noExpiry },
  {
    attack: "C3",
    suite: pep480,
    defence: "the delegation to owners ends the search",
    edits: noTerminating,
  },
  {
    attack: "C4",
    suite: pep480,
    defence: "claimed is asked before recently-claimed",
    edits: [askedFirst("recently-claimed")],
  },
  {
    attack: "C5",
    suite: pep480,
    defence: "a role is remembered by delegator, name and keys",
    edits: [
      {
        file: "src/core/tuf/delegated-role.ts",
        find: "return JSON.stringify([delegator.name, delegation.name, signersText(delegation)]);",
        replace: "return delegation.name;",
      },
    ],
  },
  { attack: "C6", suite: pep480, defence: "expiry of deny", edits: noExpiry },
  { attack: "C7", suite: pep480, defence: "expiry of root", edits: noExpiry },
  { attack: "C8", suite: pep480, defence: "expiry of deny", edits: noExpiry },
  { attack: "C9", suite: pep480, defence: "the owners' threshold", edits: [noThreshold] },
  { attack: "C10", suite: pep480, defence: "expiry of timestamp", edits: noExpiry },
  {
    attack: "C10",
    suite: pep480,
    defence: "the release key that the owners name now",
    edits: [noThreshold],
  },
  {
    attack: "C11",
    suite: pep480,
    defence: "no role in a snapshot goes back",
    edits: [noRoleGuard],
  },
  {
    attack: "C12",
    suite: pep480,
    defence: "no role in a snapshot goes back",
    edits: [noRoleGuard],
  },
  { attack: "C12", suite: pep480, defence: "root's x-floor", edits: [noFloor] },
  { attack: "C13", suite: pep480, defence: "root's x-floor", edits: [noFloor] },
  { attack: "R3", suite: resources, defence: "expiry", edits: noExpiry },
  { attack: "L1", suite: local, defence: "file hash", edits: [noFileHash] },
  {
    attack: "L2",
    suite: local,
    defence: "Host header",
    edits: [
      {
        file: "src/apps/proxy/request-guard.ts",
        find: "if (host === undefined || !isOwnHost(host, address)) {",
        replace: "if (host === undefined) {",
      },
    ],
  },
  {
    attack: "L2",
    suite: local,
    defence: "Origin and Sec-Fetch-Site headers",
    edits: [
      {
        file: "src/apps/proxy/request-guard.ts",
        find: "if (foreignSite || (origin !== undefined && origin !== `http://${host}`)) {",
        replace: "if (false) {",
      },
    ],
  },
  {
    attack: "L3",
    suite: local,
    defence: "redirects are not followed",
    edits: [
      {
        file: indexFetch,
        find: "const { body, headers, status } = await ports.fetchStream(sent.request, limits);",
        replace:
          "let { body, status, headers } = await ports.fetchStream(sent.request, limits); if (headers.location) ({ body, status } = await ports.fetchStream({ ...sent.request, url: new URL(headers.location) }, limits));",
      },
    ],
  },
  {
    attack: "L4",
    suite: local,
    defence: "credentials go to the index alone",
    edits: [
      { file: indexFetch, find: "url.origin === options.address.index.origin", replace: "true" },
    ],
  },
  {
    attack: "L5",
    suite: local,
    defence: "the cache is checked on every read",
    edits: [
      {
        file: "src/apps/proxy/project-files.ts",
        find: "checkFileDigest(facts, bytes.length, sha256Hex(bytes));",
        replace: "",
      },
    ],
  },
  {
    attack: "L6",
    suite: local,
    defence: "signatures are verified on disk as on the wire",
    edits: [noThreshold],
  },
  {
    attack: "L7",
    suite: local,
    defence: "an anchor is never silently replaced",
    edits: [
      {
        file: "src/core/verdict/anchor.ts",
        find: "if (wished !== remembered.fingerprint) throw anchorChanged(remembered, wished);",
        replace: "",
      },
      {
        file: "src/apps/proxy/open-anchor.ts",
        find: "if (fingerprint !== remembered.fingerprint) throw anchorChanged(remembered, fingerprint);",
        replace: "",
      },
    ],
  },
  {
    attack: "I1",
    suite: maps,
    defence: "the first mapping of a name decides",
    edits: noOwnNames,
  },
  {
    attack: "I2",
    suite: maps,
    defence: "a file comes from the index on whose page it is",
    edits: noOwnNames,
  },
  {
    attack: "I3",
    suite: maps,
    defence: "only a proven absence leads to the next index",
    edits: [
      {
        file: indexMap,
        find: 'presences.filter(({ kind }) => kind === "absent")',
        replace: 'presences.filter(({ kind }) => kind !== "found")',
      },
    ],
  },
  {
    attack: "I4",
    suite: maps,
    defence: "no lower timestamp of any index",
    edits: [{ file: roleChecks, find: "if (offered >= trusted) return;", replace: "return;" }],
  },
  {
    attack: "I5",
    suite: maps,
    defence: "each index has its own keys",
    edits: [noThreshold],
  },
  {
    attack: "I6",
    suite: maps,
    defence: "so many list a file",
    edits: [noAgreedFiles, noAgreedListing],
  },
  {
    attack: "I7",
    suite: maps,
    defence: "so many list a file with this content",
    edits: [noAgreedListing],
  },
  {
    attack: "I8",
    suite: maps,
    defence: "different contents refuse the whole page",
    edits: [
      {
        file: agreedPage,
        find: "if (first === undefined || agreed.length > 1) throw conflict;",
        replace: "",
      },
    ],
  },
  {
    attack: "I9",
    suite: maps,
    defence: "metadata counts as far as it is agreed on",
    edits: [
      {
        file: agreedPage,
        find: "values.filter((other) => other === value).length >= agree",
        replace: "value !== undefined",
      },
    ],
  },
];
