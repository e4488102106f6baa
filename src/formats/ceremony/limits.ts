/** Every bound of what travels between the machines of a ceremony. */

export const ceremonyLimits = {
  /** Bytes of a ceremony file: three roles twice, as base64; a `claimed` with many projects is the largest. */
  fileSizeMax: 33_554_432,
  depthMax: 8,
  /** Ten years: what no policy may go beyond. */
  lifetimeMsMax: 315_360_000_000,
  thresholdMax: 64,
  /** Roots before the one in force. */
  rootsMax: 256,
} as const;
