/** Numbers for the operator, in Prometheus' text form. Counting on hot paths is adding to plain numbers. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { SignerStatus } from "#formats/door/signer-status.ts";
import { addRoleMetrics } from "./role-metrics.ts";

export type MetricsSources = {
  readonly outboxSize: () => number;
  readonly isSignerConnected: () => Promise<boolean>;
  readonly cacheSize: () => number;
  readonly uploadsUnderWay: () => number;
  /** undefined: the signer does not answer. */
  readonly readSignerStatus: () => Promise<SignerStatus | undefined>;
};

const statusClasses = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Map<number, number>();
  #bytes = 0;
  readonly #publishSeconds: Histogram;

  constructor(sources: MetricsSources) {
    const registers = [this.#registry];
    const requests = this.#requests;
    const total = new Counter({
      name: "holdfast_index_requests_total",
      help: "Answered requests by class of status.",
      labelNames: ["class"],
      registers,
      collect(): void {
        this.reset();
        for (const [index, name] of statusClasses.entries()) {
          this.inc({ class: name }, requests.get(index + 1) ?? 0);
        }
      },
    });
    total.inc({ class: "2xx" }, 0);
    this.#gauge(
      "holdfast_index_sent_bytes",
      "Bytes of answered bodies since the start.",
      () => this.#bytes,
    );
    this.#gauge(
      "holdfast_index_outbox",
      "Changes the signer has not answered.",
      sources.outboxSize,
    );
    this.#gauge("holdfast_index_signer_connected", "1 while the signer answers.", async () =>
      (await sources.isSignerConnected()) ? 1 : 0,
    );
    this.#gauge("holdfast_index_cache_bytes", "Bodies kept in memory.", sources.cacheSize);
    this.#gauge("holdfast_index_uploads", "Uploads under way.", sources.uploadsUnderWay);
    this.#gauge("process_resident_memory_bytes", "Resident memory.", () =>
      process.memoryUsage.rss(),
    );
    addRoleMetrics(this.#registry, sources.readSignerStatus);
    this.#publishSeconds = new Histogram({
      name: "holdfast_index_publish_seconds",
      help: "From a received upload to its being installable.",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 45],
      registers,
    });
  }

  countRequest(status: number, bytes: number): void {
    const index = Math.floor(status / 100);
    this.#requests.set(index, (this.#requests.get(index) ?? 0) + 1);
    this.#bytes += bytes;
  }

  observePublished(ms: number): void {
    this.#publishSeconds.observe(ms / 1000);
  }

  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect(): Promise<void> {
        this.set(await read());
      },
    });
    gauge.set(0);
  }
}
