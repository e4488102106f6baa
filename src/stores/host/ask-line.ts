/** A question to the person at the terminal; what they type is shown. */
import { createInterface } from "node:readline/promises";
import { isInteractive } from "./hidden-input.ts";

/** Their line without its end. */
export type AskLine = (prompt: string) => Promise<string>;

/** undefined where nobody can be asked. Questions go to standard error: not where results go. */
export function systemAskLine(): AskLine | undefined {
  const { stderr: output, stdin: input } = process;
  if (!isInteractive({ input, output })) return undefined;
  return async (prompt) => {
    const reader = createInterface({ input, output });
    try {
      // A closed terminal is an answer too: none.
      let isClosed = false;
      const closed = new Promise<string>((resolve) => {
        reader.once("close", () => {
          isClosed = true;
          resolve("");
        });
      });
      const answer = await Promise.race([reader.question(prompt), closed]);
      // What is said next begins on a line of its own.
      if (isClosed) output.write("\n");
      return answer;
    } finally {
      reader.close();
    }
  };
}
