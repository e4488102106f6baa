/** What a map's state folder says of the map it belongs to, for `holdfast status` and for commands beside a running proxy. */
import { join } from "node:path";
import { list, object, string } from "#formats/json/decode.ts";
import { readStateFile } from "./proxy-state.ts";
import { writeRenamedFile } from "./renamed-file.ts";

export type MapState = {
  readonly name: string;
  /** Of the configured map: another one means another map. */
  readonly digest: string;
  readonly indexes: readonly { readonly name: string; readonly url: string }[];
  readonly warnings: readonly { readonly code: string; readonly sentence: string }[];
};

const fileName = "map.json";
const decodeMapState = object({
  name: string,
  digest: string,
  indexes: list(object({ name: string, url: string })),
  warnings: list(object({ code: string, sentence: string })),
});

/** Each index of a map has a state folder of its own, with the same content as one without a map. */
export function indexStateFolder(mapFolder: string, index: string): string {
  return join(mapFolder, "indexes", index);
}

/** undefined where the folder belongs to no map. */
export function readMapState(folder: string): Promise<MapState | undefined> {
  return readStateFile(join(folder, fileName), decodeMapState);
}

export async function writeMapState(folder: string, state: MapState): Promise<void> {
  await writeRenamedFile(join(folder, fileName), `${JSON.stringify(state)}\n`);
}
