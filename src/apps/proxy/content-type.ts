/** Which form of a page a client asks for (PEP 691). Nobody is refused: who asks for nothing we have gets HTML. */

export const jsonType = "application/vnd.pypi.simple.v1+json";
export const htmlType = "application/vnd.pypi.simple.v1+html";
export const plainHtmlType = "text/html; charset=utf-8";

export type PageType = typeof jsonType | typeof htmlType | typeof plainHtmlType;

const offered: ReadonlyMap<string, PageType> = new Map([
  [jsonType, jsonType],
  ["application/vnd.pypi.simple.latest+json", jsonType],
  [htmlType, htmlType],
  ["application/vnd.pypi.simple.latest+html", htmlType],
  ["text/html", plainHtmlType],
]);

/** The offered type with the greatest weight; of equals the one named first. */
export function choosePageType(accept: string | undefined): PageType {
  let chosen: PageType = plainHtmlType;
  let weightMost = 0;
  for (const part of (accept ?? "").slice(0, 1_024).split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const type = offered.get(name);
    if (type === undefined) continue;
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (weight > weightMost) {
      chosen = type;
      weightMost = weight;
    }
  }
  return chosen;
}

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$)/.test(acceptEncoding ?? "");
}
