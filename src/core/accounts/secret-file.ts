/** Small files that hold a secret for somebody else on this machine; mode 0600, replaced by rename. */
export type SecretFile = {
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
  /** Nothing happens when it is gone. */
  remove(): Promise<void>;
};
