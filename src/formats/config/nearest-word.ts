/** "Did you mean …?": the known word that a mistyped one most likely stands for. */

/** The nearest of `words` within a third of the typed word's length, or undefined when none is near. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  const distanceMax = Math.max(1, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  let nearestDistance = distanceMax + 1;
  for (const word of words) {
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    if (distance < nearestDistance) [nearest, nearestDistance] = [word, distance];
  }
  return nearest;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      const [insert, remove, replace] = [next[j - 1] ?? 0, row[j] ?? 0, row[j - 1] ?? 0];
      next.push(Math.min(insert + 1, remove + 1, replace + change));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
