/** `/pypi/<project>/json`, the old API that many tools still ask: what can be said of a project without its history. */
import type { FileEntry } from "#core/releases/catalogue.ts";
import { fileUrl } from "#formats/python/simple-page.ts";
import type { ProjectView } from "./project-view.ts";

/** `base` is the index's own address as the reader sees it, with a slash at the end. */
export function projectJson(view: ProjectView, base: string): unknown {
  const { core, files, latest, project } = view;
  const current = files.filter(({ version }) => version === latest);
  const releases = new Map<string, unknown[]>();
  for (const version of view.versions) releases.set(version, []);
  for (const file of files) releases.get(file.version)?.push(fileJson(file, base));
  return {
    info: {
      name: core?.name ?? project.name,
      version: latest,
      summary: core?.summary ?? current[0]?.summary ?? "",
      description: core?.description ?? "",
      description_content_type: core?.descriptionContentType ?? null,
      requires_python: core?.requiresPython ?? null,
      requires_dist: core === undefined ? null : core.requiresDist,
      provides_extra: core === undefined ? null : core.providesExtra,
      classifiers: core?.classifiers ?? [],
      keywords: core?.keywords ?? "",
      author: core?.author ?? "",
      author_email: core?.authorEmail ?? "",
      maintainer: core?.maintainer ?? "",
      maintainer_email: core?.maintainerEmail ?? "",
      license: core?.license ?? "",
      license_expression: core?.licenseExpression ?? null,
      home_page: core?.homePage ?? "",
      project_urls: core === undefined ? null : Object.fromEntries(core.projectUrls),
      project_url: `${base}project/${project.name}/`,
      package_url: `${base}project/${project.name}/`,
      yanked: current.length > 0 && current.every((file) => file.yanked !== false),
      yanked_reason: null,
    },
    last_serial: 0,
    releases: Object.fromEntries(releases),
    urls: current.map((file) => fileJson(file, base)),
    vulnerabilities: [],
  };
}

function fileJson(file: FileEntry, base: string): unknown {
  const { blake2b256, md5, sha256, uploadTime, yanked } = file;
  return {
    filename: file.filename,
    url: new URL(fileUrl(file.project, sha256, file.filename), `${base}simple/${file.project}/`)
      .href,
    packagetype: file.kind === "wheel" ? "bdist_wheel" : "sdist",
    python_version: file.kind === "wheel" ? file.filename.split("-").at(-3) : "source",
    size: file.size,
    digests: {
      ...(blake2b256 !== undefined && { blake2b_256: blake2b256 }),
      ...(md5 !== undefined && { md5 }),
      sha256,
    },
    md5_digest: md5 ?? null,
    requires_python: file.requiresPython ?? null,
    upload_time: uploadTime.slice(0, 19),
    upload_time_iso_8601: uploadTime,
    yanked: yanked !== false,
    yanked_reason: typeof yanked === "string" ? yanked : null,
    has_sig: false,
    comment_text: "",
    downloads: -1,
  };
}
