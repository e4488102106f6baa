/** A JSON document as received. Objects are Maps, because member names come from outside. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export type JsonObject = ReadonlyMap<string, Json>;

export function isJsonObject(value: Json): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Members whose value is undefined are left out, which is how optional members are written. */
export function jsonObject(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const object = new Map<string, Json>();
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) object.set(name, value);
  }
  return object;
}
