/** What the fields of an upload form mean, and whether they can be true of the file that came with them. */
import { RefusedError } from "#core/errors.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { isHex } from "#formats/bytes/hex.ts";
import type { DistributionFilename } from "#formats/python/filename.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { isSameVersion } from "#formats/python/distribution-identity.ts";
import { normaliseProjectName, type ProjectName } from "#formats/python/project-name.ts";
import { normaliseVersion } from "#formats/python/version.ts";
import type { Digests, UploadForm } from "./receive-upload.ts";

export type UploadClaim = {
  readonly project: ProjectName;
  readonly file: DistributionFilename;
  /** PEP 740 attestations came along; this index does not keep them. */
  readonly hasAttestations: boolean;
};

type DigestField = { readonly name: string; readonly size: number; readonly of: keyof Digests };

const digestFields: readonly DigestField[] = [
  { name: "md5_digest", size: 16, of: "md5" },
  { name: "sha256_digest", size: 32, of: "sha256" },
  { name: "blake2_256_digest", size: 32, of: "blake2b256" },
];

/** RefusedError `upload.*` or FormatError `filename.*`, `project-name.*`, `version.*`. */
export function parseUploadForm({ fields, content }: UploadForm): UploadClaim {
  const action = required(fields, ":action");
  if (action !== "file_upload") {
    throw wrong(`:action ${quoteText(action)} is not known here; only file_upload is`);
  }
  const protocol = single(fields, "protocol_version") ?? "1";
  if (protocol !== "1") throw wrong(`protocol_version ${quoteText(protocol)} is not 1`);
  const project = normaliseProjectName(required(fields, "name"));
  const version = normaliseVersion(required(fields, "version"));
  const file = parseDistributionFilename(content.filename, project);
  if (!isSameVersion(file.version, version)) {
    throw new RefusedError(
      "upload.filename",
      `File name ${quoteText(content.filename)} is not of version ${quoteText(version)}, which the form names.`,
    );
  }
  checkFiletype(fields, file);
  checkDigests(fields, content.digests);
  return { project, file, hasAttestations: fields.has("attestations") };
}

function checkFiletype(fields: UploadForm["fields"], file: DistributionFilename): void {
  const filetype = required(fields, "filetype");
  const expected = file.kind === "wheel" ? "bdist_wheel" : "sdist";
  if (filetype !== expected) {
    throw wrong(
      `filetype ${quoteText(filetype)} does not fit the file name, which is a ${file.kind}'s`,
    );
  }
  const pyversion = single(fields, "pyversion");
  if (file.kind === "sdist" && pyversion !== undefined && pyversion !== "source") {
    throw wrong(`pyversion of an sdist is "source", not ${quoteText(pyversion)}`);
  }
}

function checkDigests(fields: UploadForm["fields"], digests: Digests): void {
  let count = 0;
  for (const { name, size, of } of digestFields) {
    const given = single(fields, name)?.toLowerCase();
    if (given === undefined) continue;
    if (!isHex(given, size)) throw wrong(`${name} is not ${size * 2} hex digits`);
    if (given !== digests[of]) {
      throw new RefusedError(
        "upload.digest-mismatch",
        `The file that arrived has ${name} ${digests[of]}, the form says ${given}. Upload it again.`,
      );
    }
    count += 1;
  }
  if (count === 0) throw wrong("it has no digest; send sha256_digest");
}

function required(fields: UploadForm["fields"], name: string): string {
  const value = single(fields, name);
  if (value === undefined) throw wrong(`field ${name} is missing`);
  return value;
}

/** Two values for one such field: readers could take either. */
function single(fields: UploadForm["fields"], name: string): string | undefined {
  const values = fields.get(name);
  if (values !== undefined && values.length > 1) throw wrong(`field ${name} is there twice`);
  return values?.[0]?.trim();
}

function wrong(reason: string): RefusedError {
  return new RefusedError("upload.form", `Cannot accept this upload: ${reason}.`);
}
