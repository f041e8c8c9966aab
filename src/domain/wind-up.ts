/**
 * How every session ends, well or not: what is under way comes to rest, hosts are opened, and what stays behind is
 * named in the report (invariants I4, I15). Asked by the last states of a workflow, and by the engine for a session
 * that was deleted. It copes with any starting point, since a session can fail anywhere.
 */
import { type Decision, end, perform, wait } from "./decision.ts";
import type { Effect, EffectRecord } from "./effect.ts";
import type { HostName } from "./ids.ts";
import { type HostStatus, isRemoved, type Report, type SessionHost } from "./session.ts";
import type { View } from "./view.ts";

export function windUp(view: View): Decision<never> {
  const busy = hostsAtWork(view);
  const idle = view.hosts.filter(({ name }) => !busy.has(name));
  const effects = [...marksDue(view, idle), ...openingsDue(view, idle)];
  if (effects.length > 0) return perform(effects, "the session ends: no host is left closed or half way");
  if (view.underWay.length > 0) return wait(inWords(view.underWay), restBy(view));
  return end(reportOf(view));
}

/** Hosts that something is still being done to: opening one under a running host action would let instances in. */
function hostsAtWork(view: View): ReadonlySet<HostName> {
  return new Set(
    view.underWay.flatMap(({ effect }) =>
      effect.kind === "run_action" || effect.kind === "close_host" ? [effect.host] : [],
    ),
  );
}

/** No host of a session that has ended is on its way. A failed one is announced as back (reference B24). */
function marksDue(view: View, hosts: readonly SessionHost[]): Effect[] {
  return hosts.flatMap(({ name, status }): Effect[] => {
    const rest = restOf(status);
    if (rest === null || view.effect("mark_host", `${name}/${rest.kind}`)) return [];
    return [{ kind: "mark_host", host: name, status: rest }];
  });
}

function restOf(status: HostStatus): HostStatus | null {
  switch (status.kind) {
    case "draining":
      return { kind: "waiting" };
    case "in_maintenance":
      return { kind: "failed", reason: "the session ended before all its host actions were done" };
    case "waiting":
    case "maintained":
    case "skipped":
    case "failed":
      return null;
  }
}

function openingsDue(view: View, hosts: readonly SessionHost[]): Effect[] {
  return hosts
    .filter((host) => host.closure === "closed_by_session" && !keptClosed(view, host))
    .filter(({ name }) => !view.effect("open_host", name))
    .map(({ name }) => ({ kind: "open_host", host: name }));
}

/** Whether this host does not take instances again: it was taken out of the cloud, or the session's options say so. */
export const keptClosed = (view: View, host: SessionHost): boolean =>
  isRemoved(host) ||
  (view.session.options.failed_host === "keep_disabled" &&
    (host.status.kind === "failed" || host.status.kind === "in_maintenance"));

/** What the admin should know at the end. */
export function reportOf(view: View): Report {
  const { hosts } = view;
  return {
    maintained: hosts.filter(({ status }) => status.kind === "maintained").map(({ name }) => name),
    notMaintained: hosts.flatMap((host) => {
      const reason = whyNotMaintained(host.status);
      return reason === null ? [] : [{ host: host.name, reason }];
    }),
    stillClosed: hosts.flatMap((host) => {
      const reason = whyStillClosed(view, host);
      return reason === null ? [] : [{ host: host.name, reason }];
    }),
  };
}

function whyNotMaintained(status: HostStatus): string | null {
  switch (status.kind) {
    case "maintained":
      return null;
    case "skipped":
    case "failed":
      return status.reason;
    case "waiting":
    case "draining":
    case "in_maintenance":
      return "the session ended before it was maintained";
  }
}

function whyStillClosed(view: View, host: SessionHost): string | null {
  if (isRemoved(host)) return retired[view.session.options.retired_host];
  const opening = view.effect("open_host", host.name)?.status;
  switch (host.closure) {
    case "open":
      return null;
    case "closed_by_others": {
      const left = opening?.kind === "done" ? opening.outcome.leftClosed : null;
      return left ?? "it was closed by somebody else, who has to open it";
    }
    case "closed_by_session": {
      if (keptClosed(view, host)) return "its host action failed, and the session keeps such hosts disabled";
      const reason = opening && "reason" in opening ? opening.reason : "nobody opened it";
      return `it could not be opened (${reason}): enable its nova-compute service by hand`;
    }
  }
}

const retired = {
  keep_disabled: "it was taken out of the cloud: its nova-compute service stays disabled",
  delete_service: "it was taken out of the cloud: its nova-compute service is deleted",
} as const;

const inWords = (underWay: readonly EffectRecord[]): string => {
  const counts = new Map<string, number>();
  for (const { effect } of underWay) counts.set(effect.kind, (counts.get(effect.kind) ?? 0) + 1);
  return `what is under way to come to rest: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(", ")}`;
};

/** A move has the session's limit; a host action an hour, since its own limit is not seen here; the rest is short. */
const ACTION_SECONDS = 3_600;
const SHORT_SECONDS = 900;
/** The engine ends every effect by its own limit, so where one outlives our estimate there is only more of the same. */
const AGAIN_SECONDS = 60;

function restBy(view: View): Date {
  const estimates = view.underWay.map(({ effect, recordedAt, status }) => {
    const began = (status.kind === "running" ? status.since : recordedAt).getTime();
    const limits = { move_instance: view.session.options.move_seconds, run_action: ACTION_SECONDS } as const;
    const seconds = effect.kind in limits ? limits[effect.kind as keyof typeof limits] : SHORT_SECONDS;
    return began + seconds * 1_000;
  });
  return new Date(Math.max(...estimates, view.now.getTime() + AGAIN_SECONDS * 1_000));
}
