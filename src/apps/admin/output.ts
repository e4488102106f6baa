/** What people and scripts read: tables or JSON on standard output, everything else on standard error. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Output = {
  /** With --json the value as it is; else what `lines` makes of it. */
  print(value: unknown, lines: () => readonly string[]): void;
  /** A remark, on standard error. */
  note(line: string): void;
  /** A line that replaces itself, where somebody looks; undefined takes it away. */
  progress(line: string | undefined): void;
};

export function createOutput(isJson: boolean): Output {
  const { stderr, stdout } = process;
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write("\r\u001b[K");
    shown = false;
  };
  return {
    print(value, lines) {
      clear();
      const text = isJson ? JSON.stringify(value, undefined, 2) : lines().join("\n");
      if (text !== "") stdout.write(`${text}\n`);
    },
    note(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    progress(line) {
      if (isJson || !stderr.isTTY) return;
      clear();
      if (line === undefined) return;
      stderr.write(line.slice(0, (stderr.columns || 80) - 1));
      shown = true;
    },
  };
}

/** Columns as wide as their widest cell; the head in bold where that can be seen. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => plain(row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => plain(cell).padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const title = line(head);
  return [process.stdout.isTTY ? styleText("bold", title) : title, ...rows.map(line)];
}

/** Names and reasons come from outside: nothing in them may steer a terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, "?");
}

/** "1 file", "2 files". */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function formatBar(done: number, total: number, width = 24): string {
  const filled = total === 0 ? width : Math.round((done / total) * width);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${done}/${total}`;
}
