/** What the project's own commands say to --help. */

/** Prints the usage and ends with 0 where somebody asks for it. */
export function answerHelp(args: readonly string[], usage: string): void {
  if (!args.some((arg) => arg === "--help" || arg === "-h")) return;
  process.stdout.write(usage);
  process.exit(0);
}
