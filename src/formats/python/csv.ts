/** Comma-separated values as Python's `csv` module reads them with its defaults: RECORD is written by it. */
import { FormatError } from "#formats/format-error.ts";

/** Rows of cells; empty lines are passed over. `wheel.record` for a quote that is not closed or stands in a cell. */
export function* parseCsv(text: string): Generator<readonly string[]> {
  let position = 0;
  while (position < text.length) {
    const cells: string[] = [];
    for (;;) {
      const cell = readCell(text, position);
      cells.push(cell.value);
      position = cell.end + 1;
      if (text[cell.end] !== ",") break;
    }
    if (text[position - 1] === "\r" && text[position] === "\n") position += 1;
    if (cells.length > 1 || cells[0] !== "") yield cells;
  }
}

/** One cell and where it ends: at a comma, a line break or the end of the text. */
function readCell(text: string, start: number): { readonly value: string; readonly end: number } {
  if (text[start] !== '"') {
    const end = cellEnd(text, start);
    return { value: text.slice(start, end), end };
  }
  const pieces: string[] = [];
  let position = start + 1;
  for (;;) {
    const quote = text.indexOf('"', position);
    if (quote === -1) throw malformed("a quote is not closed");
    pieces.push(text.slice(position, quote));
    position = quote + 1;
    if (text[position] !== '"') break;
    pieces.push('"');
    position += 1;
  }
  if (cellEnd(text, position) !== position) throw malformed("something follows a closing quote");
  return { value: pieces.join(""), end: position };
}

function cellEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === "," || character === "\n" || character === "\r") return at;
  }
  return text.length;
}

function malformed(reason: string): FormatError {
  return new FormatError("wheel.record", `RECORD is not comma-separated: ${reason}`);
}
