/** Files of good pages, wherever they lie: in the copy, and in the index's own store. */
import type { ProjectName } from "#formats/python/project-name.ts";
import type { PageFile } from "#formats/python/simple-page.ts";

export type FileCopies = {
  /**
   * `whole`: the bytes have the length and hash that the page says, and so has the core metadata it names. Read now.
   * Throws UnavailableError.
   */
  look(project: ProjectName, file: PageFile): Promise<"damaged" | "missing" | "whole">;
};

export type FileBringer = {
  /**
   * Puts the copy's bytes, and the core metadata, into the store, after their hashes; durable on return. `missing`: the copy
   * does not have them whole either. Throws UnavailableError.
   */
  bring(project: ProjectName, file: PageFile): Promise<"brought" | "missing">;
};
