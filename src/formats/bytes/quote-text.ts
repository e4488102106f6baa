/**
 * Text from outside inside a message: one line of printable ASCII, so that it can stand in an HTTP reason phrase,
 * a terminal and a log without changing what the reader sees around it.
 */

const shownLengthMax = 80;

/** The text in quotes, everything unprintable or not ASCII as `\u{…}`, long text cut with "...". */
export function quoteText(text: string): string {
  const shown = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}...` : text;
  const escaped = shown.replaceAll(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${escaped}"`;
}
