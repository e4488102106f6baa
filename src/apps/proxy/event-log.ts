/** What a proxy does, as JSON lines for machines or as sentences for a person. Says nothing that is secret. */
import type { ProxyEvent } from "./create-proxy.ts";
import type { ViewReport } from "./view-report.ts";

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: "debug" | "error" | "info" | "warn";
  readonly event: ProxyEvent["event"];
};

export function logLine(event: ProxyEvent): LogLine {
  const about = "index" in event ? { index: event.index } : {};
  switch (event.event) {
    case "refresh": {
      const { kind } = event.report;
      const level = kind === "verified" ? "info" : "warn";
      return { level, event: event.event, ...event.report };
    }
    case "held-back":
      return { level: "info", ...event };
    case "refusal": {
      const { code, sentence, subject } = event.refusal;
      return { level: "warn", event: event.event, ...about, code, sentence, subject };
    }
    case "cache-damage":
      return { level: "warn", event: event.event, ...about, sha256: event.sha256 };
    case "cache-failure":
    case "evidence-failure":
      return { level: "warn", event: event.event, ...about, sentence: String(event.error) };
    case "failure": {
      const { error, path } = event;
      const stack = error instanceof Error ? error.stack : String(error);
      return { level: "error", event: event.event, path, stack };
    }
  }
}

/** For `run`, whose output belongs to the command: what a person has to know, or undefined. */
export function sentenceOf(event: ProxyEvent): string | undefined {
  const about = "index" in event ? `${event.index}: ` : "";
  switch (event.event) {
    case "refusal":
      return `${about}refused ${event.refusal.subject}: ${event.refusal.code}: ${event.refusal.sentence}`;
    case "held-back":
      return `${event.files} files of ${event.project} are left out: too few indexes list them`;
    case "failure":
      return `failed: ${String(event.error)}`;
    case "cache-failure":
    case "evidence-failure":
      return String(event.error);
    case "refresh":
      return event.report.kind === "offline" ? about + offlineSentence(event.report) : undefined;
    case "cache-damage":
      return undefined;
  }
}

export function offlineSentence({ expiresAt, sentence, since }: ViewReport): string {
  return `${sentence ?? "The index cannot be reached"}: using what was verified before ${since}, which lives until ${expiresAt}`;
}

/** Leaves out refreshes that changed nothing. */
export function createChangeFilter(): (event: ProxyEvent) => boolean {
  /** By index. */
  const last = new Map<string | undefined, string>();
  return (event) => {
    if (event.event !== "refresh") return true;
    const { code, kind, versions } = event.report;
    const next = JSON.stringify([kind, code, versions]);
    const changed = next !== last.get(event.index);
    last.set(event.index, next);
    return changed;
  };
}
