/** Project pages for plain requests (plain-reads.ts): what is ready in memory, in the form and encoding that is wished. */
import type { Clock } from "#core/ports.ts";
import { negotiateSimpleForm, type SimpleForm } from "./accept.ts";
import { indexLimits } from "./limits.ts";
import type { PlainGet, PlainWishes } from "./plain-get.ts";
import type { PlainReads } from "./plain-reads.ts";
import type { ProjectPages } from "./project-pages.ts";

export type PlainPagesSettings = {
  readonly pages: ProjectPages;
  readonly clock: Clock;
  readonly answered: (get: PlainGet, bytes: number, at: Date) => void;
};

export function createPlainPages({ pages, clock, answered }: PlainPagesSettings): PlainReads {
  /** The reader gives the same wishes for the same header block, so each block is negotiated once. */
  const forms = new WeakMap<PlainWishes, SimpleForm>();
  const formOf = (wishes: PlainWishes): SimpleForm => {
    const known = forms.get(wishes);
    if (known !== undefined) return known;
    const form = negotiateSimpleForm(wishes.accept);
    forms.set(wishes, form);
    return form;
  };
  let second = Number.NaN;
  let date = "";
  let now = clock();
  return {
    find({ path, wishes }) {
      const form = pages.findReady(path)?.forms.get(formOf(wishes));
      if (form === undefined) return undefined;
      now = clock();
      const newSecond = Math.floor(now.getTime() / 1_000);
      if (newSecond !== second) {
        second = newSecond;
        date = now.toUTCString();
      }
      return form.plainAnswer(wishes.acceptEncoding, date);
    },
    answered: (get, answer) => answered(get, answer.bodySize, now),
    idleMs: indexLimits.keepAliveMs,
    headersMax: indexLimits.negotiationsMax,
  };
}
