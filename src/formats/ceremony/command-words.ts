/**
 * A command line without a shell (docs/spec/external-signer.md): words stand between blanks; what stands in '…' or "…"
 * belongs to its word as it is. There are no escapes, variables or patterns, so nothing in a word can become a command.
 */
import { FormatError } from "#formats/format-error.ts";

const wordPart: RegExp = /'([^']*)'|"([^"]*)"|([^\s'"]+)|(\s+)|(['"])/g;
const lengthMax = 4096;

/** One word or more. Throws FormatError `options.invalid`. */
export function parseCommandWords(text: string): readonly string[] {
  if (text.length > lengthMax) throw invalid(`it is longer than ${lengthMax} characters`);
  if (/(?![ \t])\p{Cc}/u.test(text)) throw invalid("it holds a control character");
  const words: string[] = [];
  let word: string | undefined;
  for (const [, single, double, bare, blank, open] of text.matchAll(wordPart)) {
    if (open !== undefined) throw invalid(`a ${open} is not closed`);
    if (blank === undefined) word = (word ?? "") + (single ?? double ?? bare ?? "");
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) words.push(word);
  if ((words[0] ?? "") === "") throw invalid("it names no program");
  return words;
}

function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the command: ${reason}`);
}
