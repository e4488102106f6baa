/** Where passphrases come from: a file that was prepared, or a person at a terminal. Never arguments or environment. */
import { RefusedError } from "#core/errors.ts";
import { parsePassphrase } from "#core/keys/passphrase.ts";
import { isInteractive, readHiddenLine } from "#stores/host/hidden-input.ts";
import type { Terminal } from "#stores/host/hidden-input.ts";
import type { AskPassphrase } from "./key-files.ts";
import { readPrivateFile } from "./private-file.ts";

/** Room for a line end, and for whatever people write below the first line. */
const fileSizeMax = 4096;

/**
 * Asks at the terminal, or answers every question with the first line of `file` (0600). It throws RefusedError
 * `key.passphrase` for what can be none, `key.passphrase-missing` where nobody can be asked or somebody gave up, and
 * `key.unusable` for the file.
 */
export function passphraseAsker(
  terminal: Terminal,
  { file, option = "--passphrase-file" }: { readonly file?: string; readonly option?: string } = {},
): AskPassphrase {
  if (file !== undefined) {
    return async () => parsePassphrase(firstLine(await readPrivateFile(file, fileSizeMax)));
  }
  return async (prompt) => {
    if (!isInteractive(terminal)) {
      throw missing(`there is no terminal; name a file that holds it with ${option}`);
    }
    const typed = await readHiddenLine(prompt, terminal);
    if (typed === undefined) throw missing("it was not typed");
    return parsePassphrase(typed.reveal());
  };
}

function firstLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0x0a);
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function missing(reason: string): RefusedError {
  return new RefusedError("key.passphrase-missing", `Cannot ask for a passphrase: ${reason}`);
}
