/** Whether the programs' doors on this machine open, and whether there is room to work. */
import { existsSync, statfsSync } from "node:fs";
import { connect } from "node:net";
import { UnavailableError } from "#core/errors.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { createSignerDoor } from "#stores/host/signer-door.ts";
import type { Finding } from "./finding.ts";

const answerMsMax = 2_000;
const spaceMin = 1_024 ** 3;

export async function examinePrograms(data: DataFolder): Promise<readonly Finding[]> {
  const [signer, index] = await Promise.all([
    examineSocket("signer", data.signerSocket),
    examineSocket("index", data.adminSocket),
  ]);
  const isAlone = signer.level === "note" && index.level === "good";
  return [isAlone ? indexAlone : signer, index];
}

/**
 * Offline roles that a restored backup took back: the signer goes on above everything there may have been, but those only a
 * ceremony can sign, and a client that saw a newer one refuses the older.
 */
export async function examineRestored(data: DataFolder): Promise<readonly Finding[]> {
  if (!existsSync(data.signerSocket)) return [];
  const door = createSignerDoor(data.signerSocket);
  try {
    const { roles } = await door.readStatus();
    const behind = roles.filter(
      ({ nextVersion, offline, version }) => offline && nextVersion > version + 1,
    );
    return behind.map(({ role, version }) => ({
      level: "warning",
      code: "metadata.behind",
      subject: role,
      message: `${role} ${version} is as it was in the restored backup; a proxy that saw a newer one refuses this index until \`holdfast renew --keys FOLDER\` is run`,
    }));
  } catch (error) {
    // Whether it runs is another finding.
    if (error instanceof UnavailableError) return [];
    throw error;
  } finally {
    door.close();
  }
}

const indexAlone: Finding = {
  level: "warning",
  code: "program.silent",
  subject: "signer",
  message:
    "The signer is not running, and the index is: uploads wait, and every install stops when timestamp expires",
};

async function examineSocket(program: string, path: string): Promise<Finding> {
  if (!existsSync(path)) {
    return {
      level: "note",
      code: "program.silent",
      subject: program,
      message: `The ${program} is not running on this data folder`,
    };
  }
  const problem = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path, () => resolve(undefined));
    socket.setTimeout(answerMsMax, () => resolve("it does not answer"));
    socket.on("error", (error) => resolve(error.message));
    socket.once("connect", () => socket.destroy());
  });
  if (problem === undefined) {
    const message = `The ${program} runs and answers`;
    return { level: "good", code: "program.answers", subject: program, message };
  }
  const message = `The ${program} left a socket behind and is not there: ${problem}`;
  return { level: "warning", code: "program.silent", subject: program, message };
}

export function examineSpace(data: DataFolder): Finding {
  const { bavail, bsize } = statfsSync(data.root);
  const gib = (bavail * bsize) / 1_024 ** 3;
  const message = `${gib.toFixed(1)} GiB are free`;
  const level = bavail * bsize < spaceMin ? "warning" : "good";
  return { level, code: "data.space", subject: data.root, message };
}
