/**
 * Text from outside as a terminal may show it: people's names keep their letters, and nothing in them moves the cursor,
 * ends the line, hides, or turns the text around it the other way.
 */

/** Marks above a letter are part of it; a heap of them is there to cover other lines. */
const marksMax = 4;

/** Letters, marks, digits, punctuation and symbols. Spaces but U+0020 look like it and are not; the rest is invisible. */
const plainCharacter: RegExp = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/**
 * Blocks in which scripts run from right to left (Unicode Bidirectional Algorithm, default classes R and AL), and
 * characters that look like nothing at all (fillers, the blank Braille cell, joiners, variation selectors, tags).
 */
const misleading: RegExp =
  /[\u034f\u0590-\u08ff\u115f\u1160\u17b4\u17b5\u2800\u3164\ufb1d-\ufdff\ufe70-\ufeff\uffa0\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]|[\u{fe00}-\u{fe0f}\u{e0000}-\u{e0fff}]/u;

/** Everything else is written as `\u{…}`; so is the backslash, which otherwise could imitate such an escape. */
export function terminalText(text: string): string {
  let shown = "";
  let marks = 0;
  for (const character of text) {
    marks = /^\p{M}$/u.test(character) ? marks + 1 : 0;
    const isPlain = plainCharacter.test(character) && !misleading.test(character);
    const good = isPlain && marks <= marksMax && character !== "\\";
    shown += good ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  }
  return shown;
}
