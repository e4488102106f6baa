/** How people publish with each of the six uploaders, given nothing but what the ready file says. */
import type { Machine } from "./machine.ts";
import type { Run } from "./program-run.ts";
import type { BuiltProject, Uploader } from "./python-project.ts";

export type UploadTarget = {
  readonly upload: string;
  readonly username: string;
  readonly token: string;
};

/** Publishes the built files of a project; any exit status. */
export async function publish(
  machine: Machine,
  uploader: Uploader,
  project: Pick<BuiltProject, "files" | "folder">,
  target: UploadTarget,
): Promise<Run> {
  const { upload, username, token } = target;
  const options = { cwd: project.folder };
  switch (uploader) {
    case "twine":
      return machine.run(
        "twine",
        [
          ...["upload", "--non-interactive", "--disable-progress-bar", "--repository-url", upload],
          ...["--username", username, "--password", token, ...project.files],
        ],
        options,
      );
    case "uv":
      return machine.run(
        "uv",
        ["publish", "--publish-url", upload, "--token", token, ...project.files],
        options,
      );
    case "poetry":
      await machine.runWell("poetry", ["config", "repositories.holdfast", upload], options);
      return machine.run(
        "poetry",
        ["publish", "--repository", "holdfast", "--username", username, "--password", token],
        options,
      );
    case "pdm":
      // pdm shows the server's words only at this verbosity: its cache drops the reason phrase.
      return machine.run(
        "pdm",
        [
          ...["publish", "-vv", "--no-build", "--repository", upload],
          ...["--username", username, "--password", token],
        ],
        options,
      );
    case "hatch":
      return machine.run(
        "hatch",
        ["publish", "--no-prompt", "--repo", upload, "--user", username, "--auth", token],
        options,
      );
    case "flit":
      // flit builds what it uploads; the fixed date makes the same sources the same bytes.
      return machine.run("flit", ["publish"], {
        ...options,
        env: {
          FLIT_INDEX_URL: upload,
          FLIT_USERNAME: username,
          FLIT_PASSWORD: token,
          SOURCE_DATE_EPOCH: "1767225600",
        },
      });
  }
}
