/** What `holdfast up` ends with, after sysexits.h; the overview in its --help and the operator's guide name them. */

export const exitCodes = {
  /** Ended because somebody asked for it. */
  asked: 0,
  /** An option or the configuration file is wrong. */
  usage: 64,
  /** The port is taken. */
  portInUse: 69,
  /** A program died, or did not start. */
  programDied: 70,
  /** The data folder cannot be used. */
  dataFolder: 73,
  /** Another `holdfast up` works in the data folder. */
  inUse: 75,
} as const;

export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "data-folder.in-use":
      return exitCodes.inUse;
    case "data-folder.unusable":
    case "ready-file.unwritable":
      return exitCodes.dataFolder;
    case "listen.port-in-use":
      return exitCodes.portInUse;
    case "config.toml":
    case "config.unknown-key":
    case "config.value":
    case "options.invalid":
      return exitCodes.usage;
    default:
      return exitCodes.programDied;
  }
}
