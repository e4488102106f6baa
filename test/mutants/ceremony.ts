/** Rules of ceremonies: what people with offline keys must not sign, and what they must be shown. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const folder = "src/core/ceremony";
const checks = `${folder}/check-proposal.test.ts`;

const proposalMutants = mutantsOf(`${folder}/check-proposal.ts`, checks, [
  {
    check: "ceremony a version follows the one in force: it may stay",
    find: "if (version <= before) refuse",
    replace: "if (version < before && version < 0) refuse",
    caughtBy: "no version may stay or go back",
  },
  {
    check: "ceremony a version is the one that is due: any later one",
    find: "else if (version !== due) refuse",
    replace: "else if (version > due + 1e6) refuse",
    caughtBy: "a version may only jump to the one that is due",
  },
  {
    check: "ceremony root leaves no gap: a gap is due",
    find: '(role === "root" || current === undefined)',
    replace: "current === undefined",
    caughtBy: "root may not leave a gap",
  },
  {
    check: "ceremony first versions are 1: any that is due",
    find: '(role === "root" || current === undefined)',
    replace: 'role === "root"',
    caughtBy: "the first versions are 1",
  },
  {
    check: "ceremony a version leaves room for others: it jumps to the last",
    find: "} else if (version > furthest) {",
    replace: "} else if (furthest < 0) {",
    caughtBy: "no version jumps so far",
  },
  {
    check: "ceremony nothing expired is signed: it is",
    find: "if (expires.at <= now) {",
    replace: "if (expires.at < now) {",
    caughtBy: "nothing may have expired",
  },
  {
    check: "ceremony expiry is within the policy: beyond it",
    find: "} else if (expires.at > last) {",
    replace: "} else if (expires.at < last && expires.at > last) {",
    caughtBy: "nothing may live longer than the policy says",
  },
  {
    check: "ceremony snapshots stay consistent: not",
    find: "if (!root.value.consistentSnapshot) wrong",
    replace: "if (root.value.version < 0) wrong",
    caughtBy: "snapshots stay consistent",
  },
  {
    check: "ceremony targets has no targets of its own: it has",
    find: "if (targets.value.targets.size > 0) wrong",
    replace: "if (targets.value.targets.size > 1) wrong",
    caughtBy: "targets lists no targets",
  },
  {
    check: "ceremony targets delegates in its order: in any",
    find: "delegatedRoleNames.every((name, at) => roles[at]?.name === name)",
    replace: "delegatedRoleNames.every((name) => roles.some((role) => role.name === name))",
    caughtBy: "targets delegates to the same roles in the same order",
  },
  {
    check: "ceremony no delegation ends the search: it may",
    find: "if (role.terminating || role.paths",
    replace: "if (role.paths",
    caughtBy: "targets delegates to the same roles in the same order",
  },
  {
    check: "ceremony each delegation has its paths: any",
    find: 'role.paths?.join(" ") !== delegatedPath(name)',
    replace: "role.paths === undefined",
    caughtBy: "targets delegates to the same roles in the same order",
  },
  {
    check: "ceremony no unused key in root: some",
    find: 'unusedKeys(after, "root").length > 0',
    replace: 'unusedKeys(after, "root").length > 9',
    caughtBy: "no key is listed that no role uses",
  },
  {
    check: "ceremony no unused key in targets: some",
    find: 'unusedKeys(after, "targets").length > 0',
    replace: 'unusedKeys(after, "targets").length > 9',
    caughtBy: "no key is listed that no role uses",
  },
  {
    check: "ceremony a floor does not fall: it may",
    find: "if (floor < before) wrong",
    replace: "if (floor < 0) wrong",
    caughtBy: "a floor does not fall",
  },
  {
    check: "ceremony a floor is reached: it is above what there is",
    find: "} else if (floor > after[role].value.version) {",
    replace: "} else if (floor > 9) {",
    caughtBy: "a floor is not above what will be published",
  },
  {
    check: "ceremony only targets and claimed have a floor: all but root have",
    find: 'if (role !== "targets" && role !== "claimed") {\n      wrong',
    replace: 'if (role === "root") {\n      wrong',
    caughtBy: "only targets and claimed have a floor",
  },
  {
    check: "ceremony what stays must verify: it need not",
    find: '      refusals.push(refusal("ceremony.incomplete", sentence));',
    replace: "      void sentence;",
    caughtBy: "what would not verify any more is signed anew",
  },
  {
    check: "ceremony what is in force verifies in itself: root need not",
    find: "    trustRoot(current.root.bytes);\n",
    replace: "",
    caughtBy: "what is said to be in force verifies in itself",
  },
  {
    check: "ceremony what is in force verifies in itself: claimed need not",
    find: '    checkThreshold("claimed", current.claimed, signersOf(current, "claimed"));\n',
    replace: "",
    caughtBy: "what is said to be in force verifies in itself",
  },
  {
    check: "ceremony a bad signature is refused: it is not looked at",
    find: "    ...signatureRefusals(ceremony),\n",
    replace: "",
    caughtBy: "what was changed after a key had signed is refused",
  },
]);

const keyMutants = mutantsOf(`${folder}/check-keys.ts`, checks, [
  {
    check: "ceremony a threshold can be reached: it is above the number of keys",
    find: "if (threshold > count) wrong",
    replace: "if (threshold > count + 9) wrong",
    caughtBy: "no threshold may be above the number of keys",
  },
  {
    check: "ceremony a threshold is not below the policy's: it is",
    find: "} else if (threshold < file.policy.thresholds[role]) {",
    replace: "} else if (threshold < 1 && file.policy.thresholds[role] > 0) {",
    caughtBy: "no threshold may be below the policy's least",
  },
  {
    check: "ceremony an online role has threshold one: two",
    find: "if (threshold !== 1) wrong",
    replace: "if (threshold > 2) wrong",
    caughtBy: "an online role has the threshold that the signer can meet",
  },
  {
    check: "ceremony one key under two ids is one: it is two",
    find: "if (identities.size + unusable.length < signers.keyIds.length) {",
    replace: "if (identities.size + unusable.length < 1) {",
    caughtBy: "one key under two ids is one key",
  },
  {
    check: "ceremony a key can be verified with: it need not",
    find: "identityOf(signers, keyId) === undefined);",
    replace: "identityOf(signers, keyId) === keyId);",
    caughtBy: "nobody could verify with a key of an unknown scheme",
  },
  {
    check: "ceremony one person counts once: twice",
    find: "if (people.has(person)) {",
    replace: "if (people.has(keyId)) {",
    caughtBy: "one person does not count twice",
  },
  {
    check: "ceremony one person counts once: another spelling is another person",
    find: 'return name.normalize("NFKC").toLowerCase().split(/\\s+/u).join(" ").trim();',
    replace: "return name;",
    caughtBy: "one person does not count twice",
  },
  {
    check: "ceremony a person may have a spare key at threshold one: not",
    find: "if (isOnline(role) || threshold < 2) return [];",
    replace: "if (isOnline(role)) return [];",
    caughtBy: "a person may have a spare key",
  },
  {
    check: "ceremony a card's kind is right for its role: for none",
    find: '(kind === "online") === isOnline(role)) continue;',
    replace: "kind.length > 0) continue;",
    caughtBy: "a card of the signer's is no offline key",
  },
  {
    check: "ceremony no key is online and offline: its card decides",
    find: "const other = now.offline.get(identity) ?? moved;",
    replace: "const other = moved;",
    caughtBy: "a key of the signer's is no offline key, whatever its card says",
  },
  {
    check: "ceremony no key moves from offline to online: it does",
    find: "const other = now.offline.get(identity) ?? moved;",
    replace: "const other = now.offline.get(identity) ?? (moved && undefined);",
    caughtBy: "a person's key is no online key",
  },
  {
    check: "ceremony no key moves from online to offline: it does",
    find: "if (moved !== undefined && !now.online.has(identity)) refuse(role, moved);",
    replace: "void moved, role;",
    caughtBy: "a key of the signer's is no offline key, whatever its card says",
  },
  {
    check: "ceremony a key that was in the wrong place can leave it: it cannot",
    find: "before.online.has(identity) ? undefined : before.offline.get(identity);",
    replace: "before.offline.get(identity);",
    caughtBy: "a key that is online and offline can leave one of both",
  },
  {
    check: "ceremony two online roles have two keys: one",
    find: "if (twin !== undefined) {",
    replace: "if (twin === role) {",
    caughtBy: "two online roles have two keys",
  },
  {
    check: "ceremony root keeps enough of its keys: none",
    find: "if (kept >= before.threshold) return [];",
    replace: "if (kept >= 0) return [];",
    caughtBy: "as many of root's keys stay as must sign",
  },
]);

const signatureMutants = [
  ...mutantsOf(`${folder}/signatures.ts`, `${folder}/signatures.test.ts`, [
    {
      check: "ceremony the keys of before sign too: only those of afterwards",
      find: "if (!haveSameSigners(after, before)) demands.push",
      replace: "if (haveSameSigners(after, before)) demands.push",
      caughtBy: "a rotation is signed by the keys of before and by those of afterwards",
    },
    {
      check: "ceremony an old key of claimed is not demanded: it is",
      find: 'if (ceremony.current === undefined || role === "claimed") continue;',
      replace: "if (ceremony.current === undefined) continue;",
      caughtBy: "claimed is enough with its new key",
    },
    {
      check: "ceremony only keys that count sign: all do",
      find: ".some(({ keyIds }) => keyIds.includes(keyId)),",
      replace: ".some(({ keyIds }) => keyIds.length > 0 || keyId),",
      caughtBy: "signs every role that the key counts for",
    },
    {
      check: "ceremony copies say the same: other content is combined",
      find: "ceremonyHash(other) !== hash",
      replace: "ceremonyHash(other) === undefined",
      caughtBy: "combine() refuses another proposal",
    },
    {
      check: "ceremony a bad signature is not combined: it is",
      find: "if (wrong !== undefined) throw badSignature(role, wrong);",
      replace: "void wrong;",
      caughtBy: "combine() refuses another proposal, policy or current, and a bad signature",
    },
    {
      check: "ceremony a threshold counts keys: it counts key ids",
      find: "    if (identities.has(publicKeyIdentity(key))) continue;\n",
      replace: "",
      caughtBy: "one key under two ids is one signature towards a threshold",
    },
    {
      check: "ceremony a key's own signature is checked: it is kept unseen",
      find: "if (!verifySignature(signer.publicKey, signed.canonical, signature)) {",
      replace: "if (signature.byteLength === 0) {",
      caughtBy: "a key that signs wrongly is found out",
    },
  ]),
  ...mutantsOf(`${folder}/ceremony-hash.ts`, `${folder}/signatures.test.ts`, [
    {
      check: "ceremony the number covers the policy: not its thresholds",
      find: "        thresholds: byRole((role) => policy.thresholds[role]),\n",
      replace: "",
      caughtBy: "combine() refuses another proposal, policy or current",
    },
    {
      check: "ceremony the number covers the policy: not its lifetimes",
      find: "        lifetimes: byRole((role) => policy.lifetimes[role]),\n",
      replace: "",
      caughtBy: "combine() refuses another proposal, policy or current",
    },
    {
      check: "ceremony the number covers what is in force: it does not",
      find: "byRole((role) => sha256Hex(current[role]))",
      replace: '""',
      caughtBy: "combine() refuses another proposal, policy or current",
    },
    {
      check: "ceremony the number covers the versions that are due: it does not",
      find: "        nextVersions: byRole((role) => nextVersions[role]),\n",
      replace: "",
      caughtBy: "combine() refuses another proposal, policy or current",
    },
  ]),
];

const memoryMutants = mutantsOf(`${folder}/signing-memory.ts`, `${folder}/signing-memory.test.ts`, [
  {
    check: "ceremony a root follows from the remembered one: any root",
    find: 'if (isRemembered(note, roots)) return "known";',
    replace: 'if (note.keyId.length > 0) return "known";',
    caughtBy: "a forged root, an older one, and a lost one are refused",
  },
  {
    check: "ceremony a root has the fingerprint that was told: another one",
    find: "if (!follows(roots, (root) => rootFingerprint(root.bytes) === told)) {",
    replace: "if (told.length === 0) {",
    caughtBy: "a forged root, an older one, and a lost one are refused",
  },
  {
    check: "ceremony an older root's fingerprint unsays no note: it does",
    find: "if (isOfThisRoot || !knowsRoot(note) || isRemembered(note, roots)) return",
    replace: "if (told.length > 0) return",
    caughtBy: "the fingerprint of an older root does not make a key forget",
  },
  {
    check: "ceremony only the version signed last can be forgotten: those before it too",
    find: "if (isSameVersion && (isSame",
    replace: "if (last.version > 0 && (isSame",
    caughtBy: "one version is signed once",
  },
  {
    check: "ceremony no gap between the remembered root and the one in force: one",
    find: "if (next === undefined && reached !== undefined) return false;\n    reached = next;",
    replace: "reached = next ?? reached;",
    caughtBy: "a forged root, an older one, and a lost one are refused",
  },
  {
    check: "ceremony who knows a root is not shown a first ceremony: shown",
    find: "if (note?.root === undefined && word.rootFingerprint === undefined) return",
    replace: "if (word.rootFingerprint === undefined) return",
    caughtBy: "a forged root, an older one, and a lost one are refused",
  },
  {
    check: "ceremony a version is signed with one content: with two",
    find: "if (isSameVersion && (isSame || insteadOf.includes(`sha256:${last.sha256}`))) continue;",
    replace: "if (last.version > 0) continue;",
    caughtBy: "one version is signed once",
  },
  {
    check: "ceremony no older version is signed: one is",
    find: "last.version < file.value.version) continue;",
    replace: "last.version !== file.value.version) continue;",
    caughtBy: "one version is signed once",
  },
  {
    check: "ceremony targets and claimed in force are not older than those seen: they are",
    find: "if (current === undefined || version >= seen) continue;",
    replace: "if (current === undefined || version >= 0) continue;",
    caughtBy: "targets and claimed that are older than those seen before are refused",
  },
  {
    check: "ceremony a note keeps the versions it saw: it forgets them",
    find: "Math.max(targets.value.version, note?.seen?.targets ?? 0)",
    replace: "targets.value.version",
    caughtBy: "targets and claimed that are older than those seen before are refused",
  },
  {
    check: "ceremony a note keeps the root it saw: it forgets it",
    find: "current?.root.bytes ?? note?.root",
    replace: "current?.root.bytes",
    caughtBy: "a note does not forget the root it saw",
  },
]);

const shownMutants = [
  ...mutantsOf(`${folder}/describe-changes.ts`, `${folder}/describe-changes.test.ts`, [
    {
      check: "ceremony a new key is shown as new: as the same",
      find: 'change: !wasThere ? "added" : isThere ? kept : "removed",',
      replace: 'change: isThere ? kept : "removed",',
      caughtBy: "keys, thresholds, expiry and floors are shown before and after",
    },
    {
      check: "ceremony a removed key is shown: only those that stay",
      find: "[...new Set([...signers.keyIds, ...(before?.keyIds ?? [])])]",
      replace: "[...new Set(signers.keyIds)]",
      caughtBy: "keys, thresholds, expiry and floors are shown before and after",
    },
    {
      check: "ceremony another holder is shown: as the same",
      find: 'sameHolder(holder, holderBefore) ? "same" : "other-holder"',
      replace: 'sameHolder(holder, holder) ? "same" : "other-holder"',
      caughtBy: "a holder's new name is a change",
    },
    {
      check: "ceremony a holder of no key is shown: not",
      find: "([keyId, holder]) => !shown(keyId) || objectOf(holder).size > 2,",
      replace: "([keyId, holder]) => shown(keyId) && objectOf(holder).size > 2,",
      caughtBy: "every other member that comes, goes or changes is shown",
    },
  ]),
  ...mutantsOf(`${folder}/tree-changes.ts`, `${folder}/describe-changes.test.ts`, [
    {
      check: "ceremony a new member is shown: only changed ones",
      find: "new Set([...before.keys(), ...after.keys()])",
      replace: "new Set(before.keys())",
      caughtBy: "every other member that comes, goes or changes is shown",
    },
    {
      check: "ceremony another order of delegations is shown: not",
      find: "        ...orderChanges([...named[0].keys()], [...named[1].keys()], path),\n",
      replace: "",
      caughtBy: "every other member that comes, goes or changes is shown",
    },
  ]),
  ...mutantsOf("src/formats/bytes/terminal-text.ts", "src/formats/bytes/terminal-text.test.ts", [
    {
      check: "ceremony no text steers a terminal: what turns text around is shown",
      find: "plainCharacter.test(character) && !misleading.test(character)",
      replace: "plainCharacter.test(character)",
      caughtBy: "terminalText() escapes what steers a terminal",
    },
    {
      check: "ceremony no text steers a terminal: a heap of marks is shown",
      find: "isPlain && marks <= marksMax &&",
      replace: "isPlain &&",
      caughtBy: "terminalText() escapes what steers a terminal",
    },
    {
      check: "ceremony no text imitates an escape: a backslash is shown",
      find: ' && character !== "\\\\"',
      replace: "",
      caughtBy: "terminalText() escapes what steers a terminal",
    },
  ]),
];

export const ceremonyMutants: readonly Mutant[] = [
  ...proposalMutants,
  ...keyMutants,
  ...signatureMutants,
  ...memoryMutants,
  ...shownMutants,
];
