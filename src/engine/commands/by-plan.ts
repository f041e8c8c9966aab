/** A session by a plan: its hosts, and how many of them go at once, are the plan's. */
import { HostName } from "../../domain/ids.ts";
import { expectedOf } from "../../planner/eta/pace.ts";
import type { Plans } from "../../ports/plans.ts";
import { Problem } from "../../problems.ts";
import type { SessionRequest } from "./create-session.ts";

/** What the options of a session allow at most. */
const HOSTS_AT_ONCE_MAX = 1_000;
const MOVES_AT_ONCE_MAX = 100;

/** The request with what the plan that it names says; as it is where it names none. Says by field what is wrong. */
export async function byPlan(request: SessionRequest, plans: Plans): Promise<SessionRequest> {
  const { planDigest, hosts, options } = request;
  if (planDigest === null) return request;
  const kept = await plans.find(planDigest);
  if (!kept)
    throw new Problem(
      "PLAN_UNKNOWN",
      `no plan ${planDigest} is kept here: it is too old, or was not made by this Fenix`,
      {
        field: "plan_digest",
      },
    );
  if (hosts.length > 0)
    throw new Problem("BODY_INVALID", "the plan names the hosts: leave them out", { field: "hosts" });
  const { plan, cloud } = kept;
  if (plan.hosts.length === 0)
    throw new Problem("BODY_INVALID", "no host can be maintained by this plan", { field: "plan_digest" });
  const { max_moves_at_once, max_hosts_at_once_per_zone, reserve, window_seconds } = cloud.session;
  const hostsAtOnce = cloud.session.max_hosts_at_once ?? expectedOf(plan).hostsAtOnce;
  return {
    ...request,
    hosts: plan.hosts.map(({ host }) => HostName.parse(host)),
    options: {
      ...options,
      hosts_at_once: Math.min(hostsAtOnce, HOSTS_AT_ONCE_MAX),
      moves_at_once: Math.min(cloud.defaults.outbound_moves, MOVES_AT_ONCE_MAX),
      // A limit that the plan does not have may be the admin's.
      max_moves_at_once: max_moves_at_once ?? options.max_moves_at_once,
      max_hosts_at_once_per_zone: max_hosts_at_once_per_zone ?? options.max_hosts_at_once_per_zone,
      reserve: { ...options.reserve, ...reserve },
      window_seconds: window_seconds ?? options.window_seconds,
    },
  };
}
