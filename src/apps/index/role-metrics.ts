/**
 * The signer's roles and keys as numbers (design 5): when each expires, so that an alert can come long before every
 * install stops. Nothing of them is there while the signer does not answer; that is a number of its own.
 */
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { parseInstant } from "#formats/bytes/instant.ts";
import type { RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";

type ReadStatus = () => Promise<SignerStatus | undefined>;

export function addRoleMetrics(registry: Registry, readStatus: ReadStatus): void {
  for (const { help, name, read } of roleNumbers) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ["role"],
      registers: [],
      async collect(): Promise<void> {
        this.reset();
        for (const role of (await readStatus())?.roles ?? [])
          this.set({ role: role.role }, read(role));
      },
    });
    registry.registerMetric(gauge);
  }
  const keys = new Gauge({
    name: "holdfast_role_key_info",
    help: "1 for each key that may sign a role, with its holder where the metadata names one.",
    labelNames: ["role", "keyid", "scheme", "holder", "kind"],
    registers: [],
    async collect(): Promise<void> {
      this.reset();
      const status = await readStatus();
      for (const labels of status === undefined ? [] : listKeys(status)) this.set(labels, 1);
    },
  });
  registry.registerMetric(keys);
}

const roleNumbers: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: (role: RoleStatus) => number;
}[] = [
  {
    name: "holdfast_role_expires_timestamp_seconds",
    help: "When clients stop believing the role; of the bins, the first.",
    read: ({ expires }) => secondsOf(expires),
  },
  {
    name: "holdfast_role_signed_timestamp_seconds",
    help: "When the role was last signed, or taken in.",
    read: ({ signedAt }) => secondsOf(signedAt),
  },
  {
    name: "holdfast_role_due",
    help: "1 where the role ought to be renewed: at half life.",
    read: ({ due }) => (due ? 1 : 0),
  },
  {
    name: "holdfast_role_threshold",
    help: "How many keys must sign the role.",
    read: ({ threshold }) => threshold,
  },
  {
    name: "holdfast_role_keys",
    help: "How many keys may sign the role.",
    read: ({ keyIds }) => keyIds.length,
  },
];

function secondsOf(instant: string): number {
  return parseInstant(instant).at.getTime() / 1000;
}

function listKeys({ keys, roles }: SignerStatus): readonly Record<string, string>[] {
  const byId = new Map(keys.map((key) => [key.keyId, key]));
  return roles.flatMap(({ keyIds, role }) =>
    keyIds.map((keyId) => {
      const { holder, scheme = "unknown" } = byId.get(keyId) ?? {};
      return { role, keyid: keyId, scheme, holder: holder?.name ?? "", kind: holder?.kind ?? "" };
    }),
  );
}
