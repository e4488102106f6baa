/** What every command works with, and how each ends. */
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { Clock } from "#core/ports.ts";
import { createAdminDoor, type AdminDoor } from "./admin-door.ts";
import { createOutput, type Output } from "./output.ts";

export type CommandWorld = {
  readonly door: AdminDoor;
  readonly output: Output;
  readonly now: Clock;
  /** The data folder, absolute. */
  readonly data: string;
  /** Ends the program with this code once the command is done. */
  readonly endWith: (exitCode: number) => void;
};

export type AdminContext = {
  /** A command's action: its arguments after the world they work in. */
  run<Args extends readonly unknown[]>(
    body: (world: CommandWorld, ...args: Args) => Promise<void>,
  ): (...args: Args) => Promise<void>;
};

export type GlobalOptions = { readonly data: string; readonly json: boolean };

export function createContext(
  readGlobals: () => GlobalOptions,
  now: Clock,
  endWith: (exitCode: number) => void,
): AdminContext {
  return {
    run:
      (body) =>
      async (...args) => {
        const { data, json } = readGlobals();
        const door = createAdminDoor(dataFolder(data).adminSocket);
        await body({ door, output: createOutput(json), now, data, endWith }, ...args);
      },
  };
}
