/** Content negotiation (RFC 9110 12.5): which form of a page, which encoding, which kind of error text a client wants. */

export type SimpleForm = "html" | "json" | "legacy-html";

const simpleForms: ReadonlyMap<string, SimpleForm> = new Map([
  ["application/vnd.pypi.simple.v1+json", "json"],
  ["application/vnd.pypi.simple.latest+json", "json"],
  ["application/vnd.pypi.simple.v1+html", "html"],
  ["application/vnd.pypi.simple.latest+html", "html"],
  ["text/html", "legacy-html"],
]);

const simpleOrder: readonly SimpleForm[] = ["json", "html", "legacy-html"];

type Weighted = { readonly name: string; readonly quality: number };

/** PEP 691: the wanted form; plain HTML for who says nothing, anything, or only what there is not. */
export function negotiateSimpleForm(accept: string | undefined): SimpleForm {
  let best: { form: SimpleForm; quality: number } | undefined;
  for (const { name, quality } of parseWeighted(accept ?? "")) {
    const form = simpleForms.get(name);
    if (form === undefined || quality <= (best?.quality ?? 0)) {
      if (form === undefined || quality !== best?.quality) continue;
      if (simpleOrder.indexOf(form) >= simpleOrder.indexOf(best.form)) continue;
    }
    best = { form, quality };
  }
  return best?.form ?? "legacy-html";
}

/** Whether gzip may be sent. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  let any = 0;
  for (const { name, quality } of parseWeighted(acceptEncoding ?? "")) {
    if (name === "gzip" || name === "x-gzip") return quality > 0;
    if (name === "*") any = quality;
  }
  return any > 0;
}

export type ErrorForm = "html" | "json" | "problem" | "text";

const errorForms: ReadonlyMap<string, ErrorForm> = new Map([
  ["application/json", "json"],
  ["application/problem+json", "problem"],
  ["text/plain", "text"],
  ["text/html", "html"],
  ["application/vnd.pypi.simple.v1+json", "problem"],
]);

/** The form of a refusal; `fallback` for who did not say. */
export function negotiateErrorForm(accept: string | undefined, fallback: ErrorForm): ErrorForm {
  let best: { form: ErrorForm; quality: number } | undefined;
  for (const { name, quality } of parseWeighted(accept ?? "")) {
    const form = errorForms.get(name);
    if (form !== undefined && quality > (best?.quality ?? 0)) best = { form, quality };
  }
  return best?.form ?? fallback;
}

/** Names in lower case with their weight, in the order written. What cannot be read is left out. */
function parseWeighted(header: string): readonly Weighted[] {
  const items: Weighted[] = [];
  for (const part of header.split(",", 50)) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const quality = weight === undefined ? 1 : Number(weight);
    if (name !== "" && quality >= 0 && quality <= 1) items.push({ name, quality });
  }
  return items;
}
