/** The address under which the world sees an index: what stands before `/simple/` in every URL that is handed out. */
import { FormatError } from "#formats/format-error.ts";

/** http or https, a host, perhaps a path prefix; always ends with a slash. FormatError `config.value`. */
export function parseWebAddress(text: string, at = ""): string {
  const url = URL.parse(text);
  const plain =
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!plain) {
    throw new FormatError(
      "config.value",
      `Cannot take "${text}" as an address: write an http or https URL without user, query or fragment, as in "https://packages.example.org/"`,
      at,
    );
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}
