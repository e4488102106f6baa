/** `POST /legacy/`: from the form to an answer that says whether the file is installable. */
import { UnavailableError } from "#core/errors.ts";
import type { Exchange } from "./exchange.ts";
import type { IndexParts } from "./index-parts.ts";
import { indexLimits } from "./limits.ts";
import { checkOutcome } from "./managing.ts";
import { receiveUpload } from "./receive-upload.ts";
import { parseUploadForm } from "./upload-form.ts";

const hint = "To install from here, use .../simple/ as the index URL.";

export async function answerUpload(parts: IndexParts, exchange: Exchange): Promise<void> {
  exchange.checkMethod(["POST"], hint);
  await exchange.authenticate("upload");
  const { createBlake2b256, metrics, outbox, ports, publishing, settings, uploads } = parts;
  if (uploads.count >= indexLimits.uploadsMax) {
    throw new UnavailableError("index.busy", "Too many uploads are under way. Try again.");
  }
  uploads.count += 1;
  try {
    const receiving = { files: ports.files, createBlake2b256 };
    const form = await receiveUpload(exchange.request, receiving, settings.uploadSizeMax);
    const receivedAt = ports.stopwatch();
    try {
      const claim = parseUploadForm(form);
      // Anew: a large file takes hours, and the token may be revoked by now, or have expired.
      const token = await exchange.authenticate("upload", claim.project);
      const taken = await publishing.publishFile(form.content, claim.project, token, ports.clock());
      const notes = claim.hasAttestations ? [attestationsNote] : [];
      if (taken === "published") return sendPublished(exchange, claim.file.filename, notes);
      const outcome = await outbox.wait(taken.changeId, indexLimits.publishWaitMs);
      if (checkOutcome(outcome) === "pending") return sendPending(exchange, taken.changeId);
      metrics.observePublished(ports.stopwatch() - receivedAt);
      return sendPublished(exchange, claim.file.filename, notes);
    } finally {
      await form.content.incoming.discard();
    }
  } finally {
    uploads.count -= 1;
  }
}

const attestationsNote = "The attestations were not kept: this index does not serve them yet.";

function sendPublished(exchange: Exchange, filename: string, notes: readonly string[]): void {
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
  exchange.send(200, headers, `${[`${filename} is published.`, ...notes].join("\n")}\n`);
}

/** Stored and asked for, but not visible yet: the address says when it is. */
function sendPending(exchange: Exchange, changeId: string): void {
  exchange.sendJson(
    202,
    { id: changeId, status: "pending", url: `../uploads/${changeId}` },
    { Location: `../uploads/${changeId}`, "Retry-After": "5" },
  );
}

/** `GET /uploads/<id>`: the id is the permission, nobody can guess it. */
export async function answerUploadStatus(
  parts: IndexParts,
  exchange: Exchange,
  id: string,
): Promise<boolean> {
  const entry = /^[0-9a-f]{32}$/.test(id) ? await parts.ports.releases.findChange(id) : undefined;
  if (entry === undefined) return false;
  exchange.checkMethod(["GET"]);
  const { change, outcome } = entry;
  const refusal =
    outcome?.kind === "refused" ? { code: outcome.code, message: outcome.message } : {};
  exchange.sendJson(200, {
    id,
    status: outcome?.kind ?? "pending",
    project: change.project,
    ...("filename" in change && { filename: change.filename }),
    ...refusal,
  });
  return true;
}
