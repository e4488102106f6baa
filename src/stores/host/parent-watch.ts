/**
 * Ends a program whose parent is gone, so that nothing of Holdfast is left running by itself when npm, the launcher or
 * `holdfast up` is killed without a chance to pass the signal on (SIGKILL). A process whose parent died is given
 * another parent by the system; that change is what is looked for.
 */

export type ParentWatchOptions = {
  readonly parentPid: number;
  readonly intervalMs?: number;
  /** The pid of the process's parent now. */
  readonly readParentPid?: () => number;
};

const intervalMsDefault = 250;

/** Calls `onGone` once, at once when the parent is gone already. */
export function watchParent(options: ParentWatchOptions, onGone: () => void): () => void {
  const readParentPid = options.readParentPid ?? (() => process.ppid);
  const isGone = (): boolean => readParentPid() !== options.parentPid;
  if (isGone()) {
    onGone();
    return () => undefined;
  }
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    onGone();
  }, options.intervalMs ?? intervalMsDefault);
  timer.unref();
  return () => clearInterval(timer);
}

/** The pid a starting program was told to live with (`HOLDFAST_PARENT_PID`), or undefined when it lives alone. */
export function parseParentPid(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9][0-9]{0,9}$/.test(text)) return undefined;
  return Number(text);
}
