/** The map of several indexes: who is asked, what is passed, what is agreed on, and what is warned about. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const map = "src/core/verdict/index-map.ts";
const mapTest = "src/core/verdict/index-map.test.ts";
const page = "src/core/verdict/agreed-page.ts";
const pageTest = "src/core/verdict/agreed-page.test.ts";
const warnings = "src/core/verdict/map-warnings.ts";
const warningsTest = "src/core/verdict/map-warnings.test.ts";
const offering = "src/apps/proxy/map-offering.ts";
const offeringTest = "src/apps/proxy/map-offering.test.ts";
const keptRoots = "src/apps/proxy/kept-roots.ts";
const config = "src/formats/config/map-config.ts";
const configTest = "src/formats/config/map-config.test.ts";

export const indexMapMutants: readonly Mutant[] = [
  ...mutantsOf(map, mapTest, [
    {
      check: "TAP 4 a mapping speaks for its patterns: for all names",
      find: "if (!names.some((pattern) => matchesPathPattern(pattern, project))) continue;",
      replace: "",
      caughtBy: "takes the mappings whose patterns match",
    },
    {
      check: "TAP 4 one of its patterns is enough: all must match",
      find: "names.some((pattern)",
      replace: "names.every((pattern)",
      caughtBy: "takes the mappings whose patterns match",
    },
    {
      check: "TAP 4 a terminating mapping is the last: removed",
      find: "if (terminating) break;",
      replace: "void terminating;",
      caughtBy: "goes no further than a terminating mapping",
    },
    {
      check: "TAP 4 one index is enough: all are asked together",
      find: "if (agree > 1) steps.push",
      replace: "if (agree > 0) steps.push",
      caughtBy: "asks one index after the other where one is enough",
    },
    {
      check: "TAP 4 so many must have a project: one fewer",
      find: "if (by.length >= agree) return",
      replace: "if (by.length >= agree - 1) return",
      caughtBy: "passes only where absence is proven",
    },
    {
      check: "TAP 4 so many must have a project: one more",
      find: "if (by.length >= agree) return",
      replace: "if (by.length > agree) return",
      caughtBy: "takes a project that enough indexes have",
    },
    {
      check: "TAP 4 only a proven absence is passed: any refusal is",
      find: 'presences.filter(({ kind }) => kind === "absent")',
      replace: 'presences.filter(({ kind }) => kind !== "found")',
      caughtBy: "does not pass an index that cannot be reached",
    },
    {
      check: "TAP 4 it is passed when the rest cannot agree: one earlier",
      find: "if (indexes.length - absent < agree)",
      replace: "if (indexes.length - absent <= agree)",
      caughtBy: "does not pass an index that cannot be reached",
    },
    {
      check: "TAP 4 too few is an error: nobody has it",
      find: "(_, at) => (passedBy[at] ?? []).length > 0",
      replace: "(_, at) => (passedBy[at] ?? []).length > 1",
      caughtBy: "projects that too few have",
    },
    {
      check: "TAP 4 a name without a mapping is refused: unknown",
      find: "if (steps.length === 0) {",
      replace: "if (steps.length < 0) {",
      caughtBy: "tells names without a mapping",
    },
  ]),
  ...mutantsOf(map, mapTest, [
    {
      check: "TAP 4 one root is one voice: it agrees with itself",
      find: "if (other === index) continue;",
      replace: "if (other !== undefined) continue;",
      caughtBy: "refuses two indexes that have one root in common",
    },
  ]),
  ...mutantsOf(page, pageTest, [
    {
      check: "TAP 4 so many list a file: one fewer",
      find: "candidates.filter(({ by }) => by.length >= agree)",
      replace: "candidates.filter(({ by }) => by.length >= agree - 1)",
      caughtBy: "offers a file that enough indexes list",
    },
    {
      check: "TAP 4 one content has one hash: hashes are not compared",
      find: "const key = `${file.sha256} ${file.size}`;",
      replace: "const key = `${file.size}`;",
      caughtBy: "refuses a file name with different contents",
    },
    {
      check: "TAP 4 one content has one size: sizes are not compared",
      find: "const key = `${file.sha256} ${file.size}`;",
      replace: "const key = file.sha256;",
      caughtBy: "refuses a file name with different contents",
    },
    {
      check: "TAP 4 different contents are refused: left out",
      find: "if (first === undefined || agreed.length > 1) throw conflict;",
      replace: "if (agreed.length > 1) throw conflict;",
      caughtBy: "refuses a file name with different contents",
    },
    {
      check: "TAP 4 two agreed contents are refused: the first wins",
      find: "if (first === undefined || agreed.length > 1) throw conflict;",
      replace: "if (first === undefined) throw conflict;",
      caughtBy: "on whose contents two groups agree",
    },
    {
      check: "TAP 4 who is outvoted is told: in silence",
      find: "outvoted.push({ filename, error: conflict });",
      replace: "",
      caughtBy: "says who was outvoted",
    },
    {
      check: "TAP 4 no file in common is refused: an empty page",
      find: "if (files.length === 0 && heldBack > 0) throw",
      replace: "if (files.length < 0) throw",
      caughtBy: "refuses pages that have files and none in common",
    },
    {
      check: "TAP 4 a file's members count when agreed on: the first one's",
      find: "values.filter((other) => other === value).length >= agree",
      replace: "values.includes(value)",
      caughtBy: "only as far as they are agreed on",
    },
    {
      check: "TAP 4 enough say that a file is not yanked: one is enough",
      find: "files.length - yanked.length >= agree ? false",
      replace: "files.length > yanked.length ? false",
      caughtBy: "yanks a file unless enough indexes do not",
    },
    {
      check: "TAP 4 the upload time is one that enough say: the earliest",
      find: "sorted[agree - 1]",
      replace: "sorted[0]",
      caughtBy: "takes the upload time by which enough indexes had the file",
    },
    {
      check: "TAP 4 upload times are compared as times: as texts",
      find: 'fraction.padEnd(6, "0")',
      replace: 'fraction.padStart(6, "0")',
      caughtBy: "takes the upload time by which enough indexes had the file",
    },
    {
      check: "TAP 4 a status counts when enough say it: the strictest of all",
      find: "heads.filter((head) => head.status === wanted).length >= agree",
      replace: "heads.some((head) => head.status === wanted)",
      caughtBy: "takes a status that enough indexes say",
    },
    {
      check: "TAP 4 no file is offered in quarantine: all are",
      find: 'status === "quarantined" ? []',
      replace: 'status === "deprecated" ? []',
      caughtBy: "takes a status that enough indexes say",
    },
    {
      check: "TAP 4 how many agree is part of the tag: it is not",
      find: "[String(agree), ...parts]",
      replace: "[...parts]",
      caughtBy: "names the content by who was asked",
    },
  ]),
  ...mutantsOf(warnings, warningsTest, [
    {
      check: "TAP 4 an open name space is warned about: only where it says so",
      find: "if (mapping.terminating) return [];",
      replace: "if (!mapping.terminating) return [];",
      caughtBy: "open because its mapping does not terminate",
    },
    {
      check: "TAP 4 a second index opens a name space: it does not",
      find: "if (mapping.agree === 1 && others.length > 0)",
      replace: "if (mapping.agree < 1 && others.length > 0)",
      caughtBy: "open because a second index answers too",
    },
    {
      check: "TAP 4 names that another has the last word on are warned about: any mapping's",
      find: "earlier.filter(({ terminating }) => terminating)",
      replace: "earlier.filter(({ terminating }) => !terminating)",
      caughtBy: "for which an earlier mapping has the last word",
    },
    {
      check: "TAP 4 two groups can agree when the half is enough: only below it",
      find: "2 * agree > indexes.length",
      replace: "2 * agree >= indexes.length",
      caughtBy: "tells an agreement that two groups can reach",
    },
  ]),
  ...mutantsOf(offering, offeringTest, [
    {
      check: "TAP 4 an absence that leads on is young: of any age",
      find: "ageMs >= 0 && ageMs <= verdictLimits.refreshMs",
      replace: "ageMs >= 0",
      caughtBy: "an absence that leads on to another index",
    },
    {
      check: "TAP 4 an absence that leads on is from the young view: from the one before it",
      find: 'if (view.kind !== "verified" || view.state !== state) return false;',
      replace: 'if (view.kind !== "verified") return false;',
      caughtBy: "because another request has refreshed it meanwhile",
    },
    {
      check: "TAP 4 all are asked anew before a project is unknown: removed",
      find: 'decision.kind !== "absent" && !isShort(decision)',
      replace: 'decision.kind !== "absent" || !isShort(decision)',
      caughtBy: "found before anybody is told that it is not there",
    },
    {
      check: "TAP 4 different roots of one index are one voice: two",
      find: "if (oneVoice !== undefined) return",
      replace: "if (oneVoice === null) return",
      caughtBy: "does not agree with itself",
    },
    {
      check: "TAP 4 any who lists a file may give it: only the first",
      find: "for (const { file, index, source } of listed) {",
      replace: "for (const { file, index, source } of listed.slice(0, 1)) {",
      caughtBy: "bytes come from whichever agreeing index has them",
    },
    {
      check: "TAP 4 no file is answered in quarantine: any is",
      find: 'return status === "quarantined";',
      replace: 'return status === "active";',
      caughtBy: "a quarantine that enough say is kept",
    },
  ]),
  ...mutantsOf(keptRoots, offeringTest, [
    {
      check: "TAP 4 a voice is all the roots it stood on: the one in force",
      find: "if (bytes === undefined) break;",
      replace: "if (bytes !== null) break;",
      caughtBy: "also where one of them lags behind",
    },
  ]),
  ...mutantsOf(config, configTest, [
    {
      check: "TAP 4 no more must agree than there are: any number",
      find: "if (agree > indexes.length) {",
      replace: "if (agree < 0) {",
      caughtBy: "can never agree",
    },
    {
      check: "TAP 4 one index has one name: it agrees with itself",
      find: "if (other !== undefined) {",
      replace: "if (other === name) {",
      caughtBy: "are one index",
    },
    {
      check: "TAP 4 an index has an anchor: any",
      find: "if (root !== undefined && fingerprint === undefined) return",
      replace: "if (root !== undefined) return",
      caughtBy: "one of root and fingerprint",
    },
  ]),
];
