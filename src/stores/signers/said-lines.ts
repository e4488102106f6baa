/**
 * What a signer's program says, as a person may see it: between a ceremony's description and its question stands no line
 * that could be taken for the ceremony's own. Every line, and every part that a terminal would wrap into one, begins
 * with the program's name (docs/spec/external-signer.md).
 */
import { basename } from "node:path";
import { quoteText } from "#formats/bytes/quote-text.ts";

/** Lines of one run; more would push what was shown before off the screen. */
export const saidLinesMax = 40;
/** With the other one and what stands between them: 80 columns of a terminal. */
const nameMax = 24;
const columnsMax = 48;

export class SaidLines {
  readonly #prefix: string;
  readonly #show: (text: string) => void;
  readonly #decoder = new TextDecoder();
  #begun = 0;
  /** Of the line that is open; undefined between lines. */
  #columns: number | undefined;

  constructor(program: string, show: (text: string) => void) {
    const name = quoteText(basename(program));
    const short = name.length > nameMax ? `${name.slice(0, nameMax)}..."` : name;
    this.#prefix = `${short} | `;
    this.#show = show;
  }

  /** Shown at once, whole lines or not: it may ask for a touch. */
  add(chunk: Uint8Array): void {
    this.#say(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Whatever is shown next begins a line of its own. */
  end(): void {
    this.#say(this.#decoder.decode());
    if (this.#columns !== undefined) this.#say("\n");
  }

  /** What moves a cursor, changes colours or is drawn over its neighbour does not reach a terminal. */
  #say(text: string): void {
    let shown = "";
    for (const character of text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{M}\p{Zl}\p{Zp}]/gu, "")) {
      if (character === "\n") shown += this.#endLine();
      else shown += this.#place(character === "\t" ? " " : character);
    }
    if (shown !== "") this.#show(shown);
  }

  #place(character: string): string {
    // Wider ones than these there are not.
    const columns = character <= "~" ? 1 : 2;
    let before = "";
    if (this.#columns !== undefined && this.#columns + columns > columnsMax) {
      before = this.#endLine();
    }
    if (this.#columns === undefined) before += this.#beginLine();
    if (this.#begun > saidLinesMax) return before;
    this.#columns = (this.#columns ?? 0) + columns;
    return `${before}${character}`;
  }

  #beginLine(): string {
    this.#begun += 1;
    if (this.#begun <= saidLinesMax) return this.#prefix;
    return this.#begun === saidLinesMax + 1 ? `${this.#prefix}(more is not shown)\n` : "";
  }

  #endLine(): string {
    const before = this.#columns === undefined ? this.#beginLine() : "";
    this.#columns = undefined;
    return this.#begun > saidLinesMax ? before : `${before}\n`;
  }
}
