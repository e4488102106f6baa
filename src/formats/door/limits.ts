/** Every bound of the door between index and signer. */

export const doorLimits = {
  /** Bytes of one change: its longest texts are a file name, a Requires-Python and a yank's reason. */
  changeSizeMax: 32_768,
  /** Bytes of offline-signed metadata in one request, as base64 in JSON. */
  metadataSizeMax: 8_388_608,
  /** Bytes of any other request. */
  requestSizeMax: 16_384,
  /** Bytes of any answer: a full list of page pointers, or the offline roles. */
  answerSizeMax: 16_777_216,
  depthMax: 8,
  idLengthMax: 128,
  /** Page pointers in one answer. */
  pagesMax: 5_000,
} as const;
