/**
 * The file around every role (specification 4.2.2): `{"signatures": […], "signed": {…}}`. What is verified later is
 * the canonical form of the received `signed` tree, unknown members included, never a form rebuilt from the value.
 */
import { formatHex, parseHex } from "#formats/bytes/hex.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { canonicalJson, compareCodePoints } from "#formats/json/canonical.ts";
import { json, list, object, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import type { ExactDocument } from "#formats/json/exact.ts";
import { defaultJsonLimits, parseDocument } from "#formats/json/parse.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

/** Well formed; nothing is said about whether the signatures are good. */
export type Signed<T> = {
  readonly value: T;
  /** The `signed` member as received. */
  readonly tree: Json;
  /** The bytes that signatures cover. */
  readonly canonical: Uint8Array;
  /** By key id. Entries whose `sig` is empty or not hex are left out: they count as not signed. */
  readonly signatures: ReadonlyMap<string, Uint8Array>;
  /** The whole file as received. */
  readonly bytes: Uint8Array;
};

type Envelope = {
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  readonly signed: Json;
};

const envelope: Decoder<Envelope> = object({
  signatures: list(object({ keyid: string, sig: string })),
  signed: json,
});

/**
 * `file` names the document in messages. Throws FormatError: what the decoder throws, `json.*`, or `tuf.envelope` when
 * two signatures carry one key id, which the specification forbids.
 */
export function parseSigned<T>(bytes: Uint8Array, decoder: Decoder<T>, file = ""): Signed<T> {
  const document = parseDocument(bytes, defaultJsonLimits, file);
  const { signatures, signed } = envelope(document.tree, file);
  return {
    value: decoder(signed, file === "" ? "signed" : `${file} signed`),
    tree: signed,
    canonical: receivedCanonical(bytes, document) ?? canonicalJson(signed),
    signatures: signaturesByKeyId(signatures, file),
    bytes,
  };
}

/**
 * The `signed` member where it stands in the file, when the whole file is in canonical form, and so this part of it is:
 * a large snapshot need not be written again to be verified.
 */
function receivedCanonical(
  bytes: Uint8Array,
  { isCanonical, tree }: ExactDocument,
): Uint8Array | undefined {
  if (!isCanonical || !isJsonObject(tree) || tree.size !== 2) return undefined;
  const signatures = tree.get("signatures");
  if (signatures === undefined) return undefined;
  // "signatures" comes before "signed", and each once.
  const before = canonicalJson(signatures).byteLength + '{"signatures":,"signed":'.length;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + before, bytes.byteLength - before - 1);
}

/** Deterministic: members sorted, signatures in the order of their key ids. */
export function formatEnvelope(
  tree: Json,
  signatures: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const list = inOrder(signatures).map(([keyid, signature]) =>
    jsonObject({ keyid, sig: formatHex(signature) }),
  );
  return formatJson(jsonObject({ signatures: list, signed: tree }));
}

/** The same of a tree whose canonical form these bytes are, if they are JSON too: then both forms are one. */
export function formatCanonicalEnvelope(
  canonical: Uint8Array,
  signatures: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const list = inOrder(signatures).map(
    ([keyid, signature]) => `{"keyid":${JSON.stringify(keyid)},"sig":"${formatHex(signature)}"}`,
  );
  const head = formatUtf8(`{"signatures":[${list.join(",")}],"signed":`);
  const bytes = new Uint8Array(head.byteLength + canonical.byteLength + 1);
  bytes.set(head);
  bytes.set(canonical, head.byteLength);
  bytes[bytes.byteLength - 1] = 0x7d;
  return bytes;
}

function inOrder(
  signatures: ReadonlyMap<string, Uint8Array>,
): readonly (readonly [string, Uint8Array])[] {
  return [...signatures].toSorted(([a], [b]) => compareCodePoints(a, b));
}

const hexPattern: RegExp = /^(?:[0-9a-fA-F]{2})+$/;

function signaturesByKeyId(
  list: Envelope["signatures"],
  file: string,
): ReadonlyMap<string, Uint8Array> {
  const keyIds = new Set<string>();
  const signatures = new Map<string, Uint8Array>();
  for (const { keyid, sig } of list) {
    if (keyIds.has(keyid)) {
      throw new FormatError("tuf.envelope", "Cannot read metadata: a key id signs twice", file);
    }
    keyIds.add(keyid);
    if (hexPattern.test(sig)) signatures.set(keyid, parseHex(sig.toLowerCase()));
  }
  return signatures;
}
