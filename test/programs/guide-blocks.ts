/** The commands of a guide, read from its text, so that what a test runs is what stands there. */

export type GuideBlock = {
  /** Of the section it stands in. */
  readonly heading: string;
  /** The words behind `sh`: where the commands are given, and what for. */
  readonly tags: readonly string[];
  /** One command each; lines that end with a backslash are joined as the shell does. */
  readonly commands: readonly string[];
};

export function guideBlocks(markdown: string): readonly GuideBlock[] {
  const blocks: GuideBlock[] = [];
  let heading = "";
  let lines: string[] | undefined;
  let tags: readonly string[] = [];
  for (const line of markdown.split("\n")) {
    if (lines !== undefined) {
      if (line !== "```") lines.push(line);
      else {
        const commands = lines.join("\n").replaceAll("\\\n", " ").split("\n");
        blocks.push({ heading, tags, commands });
        lines = undefined;
      }
    } else if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
    else if (line.startsWith("```sh ")) {
      tags = line.slice("```sh ".length).split(" ");
      lines = [];
    }
  }
  return blocks;
}
