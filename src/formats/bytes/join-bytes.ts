const comma = 0x2c;

/** `head`, the pieces with a comma between two, `tail`: large JSON arrays are joined from kept pieces. */
export function joinBytes(
  head: Uint8Array,
  pieces: readonly Uint8Array[],
  tail: Uint8Array,
): Uint8Array {
  let size = head.byteLength + tail.byteLength + Math.max(0, pieces.length - 1);
  for (const piece of pieces) size += piece.byteLength;
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let at = head.byteLength;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) bytes[at++] = comma;
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  bytes.set(tail, at);
  return bytes;
}
