/** What the signer keeps of what it signed (ADR 3 and 9), and how it is made again. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const republish = "src/core/publication/republish.test.ts";
const roleTable = "src/core/publication/role-table.test.ts";
const signerStore = "src/stores/sqlite/signer-store.test.ts";

export const publicationMutants: readonly Mutant[] = [
  ...mutantsOf("src/core/publication/republish.ts", republish, [
    {
      check: "6 a bin made again has the bytes that were signed: any bytes",
      find: "if (sha256Hex(bytes) === bin.sha256) return bytes;",
      replace: "if (bytes.byteLength > 0) return bytes;",
      caughtBy: "start() publishes no bin that its pages do not make",
    },
    {
      check: "6 a bin made again lists the pages of its time: those of now",
      find: "store.readPagesByPrefixAt(first, last, bin.serial)",
      replace: "store.readPagesByPrefix(first, last)",
      caughtBy: "every bin is made again as it was signed",
    },
  ]),
  ...mutantsOf("src/core/publication/sign-batch.ts", republish, [
    {
      check: "6 a bin remembers the newest page of its batch: of the batch before",
      find: "record: { ...versionOf(file), bitLength, serial, signatures }",
      replace: "record: { ...versionOf(file), bitLength, serial: plan.state.serial, signatures }",
      caughtBy: "every bin is made again as it was signed",
    },
  ]),
  ...mutantsOf("src/core/publication/role-table.ts", roleTable, [
    {
      check: "6.4 a snapshot says what was changed: what was said before",
      find: "blocks[number] = new RoleBlock(block);",
      replace: "blocks[number] ??= new RoleBlock(block);",
      caughtBy: "a table of many changes holds what a map would",
    },
    {
      check: "6.4 few bins are listed with their hashes, many without: as they first were",
      find: "this.#lines?.bitLength !== bitLength",
      replace: "this.#lines === undefined",
      caughtBy: "few bins are listed with their hashes",
    },
  ]),
  ...mutantsOf("src/stores/sqlite/signer-store.ts", signerStore, [
    {
      check: "6 a version is higher than all before: only not the same",
      find: "WHERE role = ? AND version >= ?)",
      replace: "WHERE role = ? AND version = ?)",
      caughtBy: "sqlite: gives a version number once",
    },
    {
      check: "6 only what was replaced is forgotten: anything",
      find: "AND EXISTS (SELECT 1 FROM replaced_role WHERE replaced_role.id = role_file.id)",
      replace: "",
      caughtBy: "sqlite: gives a version number once",
    },
  ]),
];
