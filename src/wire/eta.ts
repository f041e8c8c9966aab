/** When a session will be done, as its detail tells. */
import { z } from "zod";
import { etaOf } from "../planner/eta/eta.ts";
import type { Pacing } from "../planner/eta/pace.ts";
import type { SessionDetail } from "../ports/reports.ts";
import { formatTime, Time } from "./times.ts";

const EtaPacing = z
  .object({
    seconds: z.int().describe("mean for one host that is left"),
    basis: z
      .enum(["measured", "moves", "plan", "assumed"])
      .describe("on hosts of this session; by its measured moves; by its plan; or by what is usual"),
    measured: z.int().describe("how many were measured"),
  })
  .meta({ id: "EtaPacing" });

export const EtaAnswer = z
  .object({
    p50: Time.describe("done before, as likely as not"),
    p95: Time.describe("done before, with a chance of 95 %"),
    p50_seconds: z.int(),
    p95_seconds: z.int(),
    drain: EtaPacing.describe("emptying a host"),
    action: EtaPacing.describe("the host actions on an empty compute; where none is left, on another host"),
    hosts_at_once: z.int().describe("hosts expected to be away at the same time"),
  })
  .meta({ id: "Eta", description: "when all hosts will be done; null once the session has failed or no host is left" });

export function toEta(detail: SessionDetail, now: Date): z.infer<typeof EtaAnswer> | null {
  if (detail.failure !== null || detail.endedAt !== null) return null;
  const eta = etaOf({ ...detail, now, options: detail.session.options });
  if (eta === null) return null;
  const after = (seconds: number) => formatTime(new Date(now.getTime() + seconds * 1_000));
  return {
    p50: after(eta.p50Seconds),
    p95: after(eta.p95Seconds),
    p50_seconds: eta.p50Seconds,
    p95_seconds: eta.p95Seconds,
    drain: toPacing(eta.drain),
    action: toPacing(eta.action),
    hosts_at_once: eta.hostsAtOnce,
  };
}

const toPacing = ({ seconds, basis, count }: Pacing): z.infer<typeof EtaPacing> => ({
  seconds: Math.round(seconds),
  basis,
  measured: count,
});
