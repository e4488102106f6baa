/**
 * How a program ends: SIGTERM, SIGINT, SIGHUP, or its parent gone (`HOLDFAST_PARENT_PID`). What was registered is
 * closed once, last registered first, within a bound; then the process exits. A person's second Ctrl-C does not wait; the
 * first reaches a program twice, from the terminal and passed on by the launcher.
 *
 *     const life = createLife();
 *     const server = await listen();
 *     life.onStop("http server", () => server.close());
 */
import { parseParentPid, watchParent } from "./parent-watch.ts";

export type Life = {
  /** Aborted as soon as the end begins: for loops and waits. */
  readonly stopping: AbortSignal;
  /** Registers what is to be closed. When the end has begun already, it is closed at once. */
  onStop(name: string, close: () => void | Promise<void>): void;
  /** Begins the end with this exit code. The first call counts; all resolve when everything is closed. */
  stop(exitCode: number): Promise<void>;
};

/** What a life sees of its process; a test gives its own. */
export type LifeHost = {
  onSignal(signal: "SIGTERM" | "SIGINT" | "SIGHUP", listener: () => void): void;
  exit(code: number): void;
  /** Milliseconds that only grow. */
  monotonicMs(): number;
  /** Says that something could not be closed: one line. */
  warn(message: string): void;
};

export type LifeOptions = {
  /** Without it, `HOLDFAST_PARENT_PID` decides. */
  readonly parentPid?: number;
  /** How long closing may take in all. */
  readonly stopMsMax?: number;
  readonly host?: LifeHost;
};

const stopMsMaxDefault = 10_000;
/** As a shell reports a process ended by SIGINT. */
const exitCodeImpatient = 130;
const exitCodeNotClosed = 1;
/** Signals closer together than this are one. */
const sameSignalMs = 1_000;

export function createLife(options: LifeOptions = {}): Life {
  const host = options.host ?? processHost;
  const stopMsMax = options.stopMsMax ?? stopMsMaxDefault;
  const stopping = new AbortController();
  const closers: Closer[] = [];
  let ended: Promise<void> | undefined;

  const stop = (exitCode: number): Promise<void> => {
    ended ??= (async () => {
      stopping.abort();
      const complete = await closeAll(closers, stopMsMax, host);
      host.exit(exitCode === 0 && !complete ? exitCodeNotClosed : exitCode);
    })();
    return ended;
  };
  let signalledAtMs: number | undefined;
  const onSignal = (): void => {
    signalledAtMs ??= host.monotonicMs();
    if (host.monotonicMs() - signalledAtMs > sameSignalMs) host.exit(exitCodeImpatient);
    void stop(0);
  };

  host.onSignal("SIGTERM", onSignal);
  host.onSignal("SIGINT", onSignal);
  host.onSignal("SIGHUP", onSignal);
  const parentPid = options.parentPid ?? parseParentPid(process.env["HOLDFAST_PARENT_PID"]);
  if (parentPid !== undefined) watchParent({ parentPid }, () => void stop(0));

  return {
    stopping: stopping.signal,
    onStop(name, close) {
      if (ended === undefined) closers.push({ name, close });
      else void closeOne({ name, close }, host);
    },
    stop,
  };
}

type Closer = { readonly name: string; readonly close: () => void | Promise<void> };

const processHost: LifeHost = {
  onSignal: (signal, listener) => void process.on(signal, listener),
  exit: (code) => process.exit(code),
  monotonicMs: () => performance.now(),
  warn: (message) => void process.stderr.write(`${message}\n`),
};

/** True when everything was closed in time and without an error. */
async function closeAll(closers: Closer[], msMax: number, host: LifeHost): Promise<boolean> {
  let current = "";
  const closing = (async () => {
    let complete = true;
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      current = closer.name;
      complete = (await closeOne(closer, host)) && complete;
    }
    return complete;
  })();
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    host.warn(`Cannot close ${current} within ${msMax} ms: ending without it`);
    late.resolve(false);
  }, msMax);
  const complete = await Promise.race([closing, late.promise]);
  clearTimeout(timer);
  return complete;
}

async function closeOne({ name, close }: Closer, host: LifeHost): Promise<boolean> {
  try {
    await close();
    return true;
  } catch (error) {
    host.warn(`Cannot close ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
