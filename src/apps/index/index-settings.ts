/** What the configuration says to the index, as its parts want to know it. */
import type { Config } from "#formats/config/config.ts";
import { proxyDefaults } from "#formats/config/proxy-config.ts";
import type { IndexSettings } from "./index-ports.ts";

export function indexSettings({ index, proxy }: Config): IndexSettings {
  const { name, private: isPrivate, publicUrl, uploadSizeMax } = index;
  return {
    name,
    isPrivate,
    uploadSizeMax,
    // Any free port is not known beforehand, and on the reader's own machine the default is the likelier one.
    proxyPort: proxy.port === 0 ? proxyDefaults.port : proxy.port,
    ...(publicUrl !== undefined && { publicUrl }),
  };
}
