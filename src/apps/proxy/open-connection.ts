/** From options and a configuration file to a connection. */
import { proxyDefaults } from "#formats/config/proxy-config.ts";
import type { ProxyConfig } from "#formats/config/proxy-config.ts";
import { readConfigFile } from "#stores/host/config-file.ts";
import type { Connection, Say } from "./connection.ts";
import { openMapConnection } from "./map-connection.ts";
import type { ConnectionOptions, ListenOptions } from "./options.ts";
import type { ListenAddress } from "./request-guard.ts";
import { openSingleConnection } from "./single-connection.ts";

/** Throws what a start may end with: FormatError `config.*` and `options.invalid`, and what the connections throw. */
export async function openConnection(options: ConnectionOptions, say: Say): Promise<Connection> {
  const config = await readProxyConfig(options.config);
  return config.map === undefined
    ? await openSingleConnection(options, config, say)
    : await openMapConnection(options, config, config.map, say);
}

/** Options win over the configuration file, which wins over the defaults. */
export async function readListenAddress(
  options: ListenOptions & Pick<ConnectionOptions, "config">,
): Promise<ListenAddress> {
  const { host, port } = await readProxyConfig(options.config);
  return { host: options.host ?? host, port: options.port ?? port };
}

export async function readProxyConfig(path: string | undefined): Promise<ProxyConfig> {
  if (path === undefined) return proxyDefaults;
  // Only whoever names a file has its parser in the process that is to be trusted.
  const { parseConfig } = await import("#formats/config/config.ts");
  return parseConfig(readConfigFile(path)).proxy;
}
