/**
 * Wheels and sdists made in memory, small, installable and the same bytes every time. What a test wants different it
 * says: other metadata, other members, another RECORD.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { buildTar } from "./tar-builder.ts";
import type { TarPart } from "./tar-builder.ts";
import { buildZip } from "./zip-builder.ts";
import type { ZipOptions, ZipPart } from "./zip-builder.ts";

export type BuiltDistribution = {
  readonly filename: string;
  readonly bytes: Uint8Array;
  /** Lower-case hex. */
  readonly sha256: string;
  /** METADATA or PKG-INFO. */
  readonly metadata: Uint8Array;
};

export type DistributionOptions = {
  readonly name: string;
  readonly version: string;
  readonly summary?: string;
  readonly requiresPython?: string;
  readonly requiresDist?: readonly string[];
  readonly metadataVersion?: string;
  /** More metadata headers, each a whole line. */
  readonly headers?: readonly string[];
  readonly description?: string;
  /** METADATA or PKG-INFO as a whole, instead of what the fields above make. */
  readonly metadata?: string;
  /** Path in the package to content; by default a module that knows its version. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** How the file name spells name and version. */
  readonly filenameStem?: string;
};

export type WheelOptions = DistributionOptions & {
  readonly tag?: string;
  readonly build?: string;
  readonly distInfo?: string;
  readonly wheelFile?: string;
  /** The RECORD as a whole; a function is given the right one. */
  readonly record?: string | ((right: string) => string);
  /** Members after the right ones, not in RECORD. */
  readonly members?: readonly ZipPart[];
  /** The last word on what goes into the zip. */
  readonly rewrite?: (parts: readonly ZipPart[]) => readonly ZipPart[];
  readonly zip?: ZipOptions;
};

export type SdistOptions = DistributionOptions & {
  readonly format?: "tar.gz" | "zip";
  readonly topFolder?: string;
  readonly members?: readonly TarPart[];
  readonly rewrite?: (parts: readonly TarPart[]) => readonly TarPart[];
};

export function buildWheel(options: WheelOptions): BuiltDistribution {
  const stem = options.filenameStem ?? `${escapeName(options.name)}-${options.version}`;
  const distInfo = options.distInfo ?? `${stem}.dist-info`;
  const tag = options.tag ?? "py3-none-any";
  const metadata = options.metadata ?? metadataText(options);
  const wheelFile =
    options.wheelFile ??
    `Wheel-Version: 1.0\nGenerator: holdfast-test\nRoot-Is-Purelib: true\nTag: ${tag}\n`;
  const files: ZipPart[] = [
    ...Object.entries(options.files ?? defaultModule(options)).map(([name, data]) => ({
      name,
      data,
    })),
    { name: `${distInfo}/METADATA`, data: metadata },
    { name: `${distInfo}/WHEEL`, data: wheelFile },
  ];
  const right = [...files.map(recordRow), `${distInfo}/RECORD,,\n`].join("");
  const record = typeof options.record === "function" ? options.record(right) : options.record;
  const parts = [
    ...files,
    { name: `${distInfo}/RECORD`, data: record ?? right },
    ...(options.members ?? []),
  ];
  const bytes = buildZip(options.rewrite?.(parts) ?? parts, options.zip);
  const build = options.build === undefined ? "" : `-${options.build}`;
  return built(`${stem}${build}-${tag}.whl`, bytes, metadata);
}

/** Built by a back end of its own that needs nothing from anywhere, so pip installs it offline. */
export function buildSdist(options: SdistOptions): BuiltDistribution {
  const format = options.format ?? "tar.gz";
  const stem = options.filenameStem ?? `${escapeName(options.name)}-${options.version}`;
  const top = options.topFolder ?? stem;
  const metadata = options.metadata ?? metadataText(options);
  const files = Object.entries({
    "PKG-INFO": metadata,
    "pyproject.toml": pyprojectText(options),
    "build_backend.py": backendText(options),
    ...(options.files ?? defaultModule(options)),
  });
  const parts: readonly TarPart[] = [
    { name: `${top}/`, type: "5" },
    ...files.map(([name, data]) => ({ name: `${top}/${name}`, data })),
    ...(options.members ?? []),
  ];
  const chosen = options.rewrite?.(parts) ?? parts;
  const bytes =
    format === "zip"
      ? buildZip(
          chosen.filter(({ type }) => type !== "5").map(({ name, data }) => zipPart(name, data)),
        )
      : new Uint8Array(gzipSync(buildTar(chosen)));
  return built(`${stem}.${format}`, bytes, metadata);
}

/** A RECORD row for a member. */
export function recordRow(part: ZipPart): string {
  const data = Buffer.from(part.data ?? "");
  const hash = createHash("sha256").update(data).digest("base64url");
  return `${Buffer.from(part.name).toString()},sha256=${hash},${data.length}\n`;
}

function zipPart(name: TarPart["name"], data: TarPart["data"]): ZipPart {
  return data === undefined ? { name } : { name, data };
}

function built(filename: string, bytes: Uint8Array, metadata: string): BuiltDistribution {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { filename, bytes, sha256, metadata: new Uint8Array(Buffer.from(metadata)) };
}

function escapeName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "_").toLowerCase();
}

function metadataText(options: DistributionOptions): string {
  const { description, headers = [], requiresDist = [], requiresPython, summary } = options;
  return [
    `Metadata-Version: ${options.metadataVersion ?? "2.1"}`,
    `Name: ${options.name}`,
    `Version: ${options.version}`,
    `Summary: ${summary ?? `A package called ${options.name}`}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...requiresDist.map((requirement) => `Requires-Dist: ${requirement}`),
    ...headers,
    "",
    description ?? "",
  ].join("\n");
}

function defaultModule(options: DistributionOptions): Readonly<Record<string, string>> {
  return {
    [`${escapeName(options.name)}/__init__.py`]: `__version__ = ${JSON.stringify(options.version)}\n`,
  };
}

function pyprojectText(options: DistributionOptions): string {
  return [
    "[build-system]",
    "requires = []",
    'build-backend = "build_backend"',
    'backend-path = ["."]',
    "",
    "[project]",
    `name = ${JSON.stringify(options.name)}`,
    `version = ${JSON.stringify(options.version)}`,
    "",
  ].join("\n");
}

/** PEP 517 in the standard library: a wheel of every package folder beside it. */
function backendText(options: DistributionOptions): string {
  const stem = `${escapeName(options.name)}-${options.version}`;
  return `import base64, hashlib, os, zipfile

STEM = ${JSON.stringify(stem)}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {}
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ".").replace(os.sep, "/")
            if "/" in path and path.endswith(".py"):
                files[path] = open(path, "rb").read()
    info = STEM + ".dist-info/"
    files[info + "METADATA"] = open("PKG-INFO", "rb").read()
    files[info + "WHEEL"] = b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append("%s,sha256=%s,%d\\n" % (path, digest, len(data)))
    rows.append(info + "RECORD,,\\n")
    files[info + "RECORD"] = "".join(rows).encode()
    filename = STEM + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
    return filename


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("this package is built from its sdist only")
`;
}
