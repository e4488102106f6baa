/**
 * The environment in which `holdfast run` starts a command: every index it would ask is the proxy, and every other source
 * that environment or configuration files could add is taken away. What a command says itself (an option, a line of a
 * requirements file, a named index of a project) it still says.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Other sources, and what would change how the one source is asked. */
const removed: readonly string[] = [
  "PIP_EXTRA_INDEX_URL",
  "PIP_FIND_LINKS",
  "PIP_NO_INDEX",
  "PIP_PROXY",
  "PIP_TRUSTED_HOST",
  "UV_INDEX",
  "UV_EXTRA_INDEX_URL",
  "UV_FIND_LINKS",
  "UV_NO_INDEX",
  "UV_INDEX_STRATEGY",
  "UV_CONFIG_FILE",
  "UV_TORCH_BACKEND",
];

/** `simpleUrl` is the proxy's `…/simple/`; `keepConfig` lets configuration files speak. */
export function clientEnvironment(
  env: Environment,
  simpleUrl: string,
  keepConfig: boolean,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !removed.includes(name)) kept[name] = value;
  }
  const host = new URL(simpleUrl).hostname;
  const noProxy = [host, env["NO_PROXY"] ?? env["no_proxy"]].filter(Boolean).join(",");
  return {
    ...kept,
    PIP_INDEX_URL: simpleUrl,
    // pip asks its index for a newer pip after each command.
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    UV_DEFAULT_INDEX: simpleUrl,
    // What uv was called with before 0.4.23.
    UV_INDEX_URL: simpleUrl,
    PDM_PYPI_URL: simpleUrl,
    PDM_IGNORE_STORED_INDEX: "true",
    PIPENV_PYPI_MIRROR: simpleUrl,
    // A company's proxy has no business between a command and its own machine.
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    // An empty PIP_EXTRA_INDEX_URL does not override the one of a file; no file does.
    ...(keepConfig ? {} : { PIP_CONFIG_FILE: "/dev/null", UV_NO_CONFIG: "1" }),
  };
}
