import type { KnownHost } from "../../domain/cloud.ts";
import type { HostName, PluginName, SessionId } from "../../domain/ids.ts";
import type { RequestedAction, Session, SessionOptions } from "../../domain/session.ts";
import { resolveHosts } from "../../domain/session-hosts.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Cloud } from "../../ports/cloud.ts";
import type { Plans } from "../../ports/plans.ts";
import type { Plugins } from "../../ports/plugins.ts";
import type { Sessions } from "../../ports/sessions.ts";
import type { Wakes } from "../../ports/wakes.ts";
import { isProblem, Problem } from "../../problems.ts";
import { checkAction } from "../plugins.ts";
import { byPlan } from "./by-plan.ts";

/** What an admin asks for, with the types of the request checked but nothing looked up yet. */
export interface SessionRequest {
  /** Empty: those of the plan; without one, every compute and controller of the cloud. */
  readonly hosts: readonly HostName[];
  readonly maintenanceAt: Date;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly workflow: PluginName;
  readonly actions: readonly RequestedAction[];
  readonly options: SessionOptions;
  /** The plan by which it shall go. */
  readonly planDigest: string | null;
}

export interface CreatingSessions {
  readonly sessions: Sessions;
  readonly plans: Plans;
  readonly plugins: Plugins;
  readonly cloud: Cloud;
  readonly wakes: Wakes;
  readonly clock: Clock;
  readonly newId: () => SessionId;
  readonly maxSessions: number;
}

/** The clocks of an admin and of Fenix differ, and a request takes time: so late a start still means "now". */
const LATE_START_MS = 60_000;

/** How long the answer to the admin may wait for the cloud. Past it the session finds its hosts by itself. */
const HOSTS_WITHIN_MS = 5_000;

/**
 * Accepts a session, or says by field what is wrong with it; nothing is half created. When the cloud does not answer,
 * the session is accepted all the same and waits for it in view of everybody.
 */
export async function createSession(
  wanted: SessionRequest,
  deps: CreatingSessions,
): Promise<{ readonly id: SessionId }> {
  const { sessions, plans, plugins, wakes, clock, newId, maxSessions } = deps;
  const now = clock.now();
  const request = await byPlan(wanted, plans);
  const workflow = plugins.workflow(request.workflow);
  if (!workflow)
    throw new Problem("WORKFLOW_UNKNOWN", `"${request.workflow}" is none of ${plugins.names().workflows.join(", ")}`, {
      field: "workflow",
    });
  if (request.maintenanceAt.getTime() < now.getTime() - LATE_START_MS)
    throw new Problem("BODY_INVALID", `${request.maintenanceAt.toISOString()} has passed; it is ${now.toISOString()}`, {
      field: "maintenance_at",
    });
  refuseTwice(request.hosts);
  const actions = request.actions.map((action, index) => ({
    ...action,
    metadata: checkAction(plugins, action, `actions[${index}]`),
  }));
  const session: Session = { ...request, actions, id: newId() };
  const hosts = await findHosts(session, request.hosts, deps);
  await sessions.create(
    { session, initialState: workflow.initial, hosts, requestedHosts: request.hosts, at: now },
    { maxSessions },
  );
  await wakes.session(session.id);
  return { id: session.id };
}

function refuseTwice(hosts: readonly HostName[]): void {
  const twice = hosts.findIndex((host, index) => hosts.indexOf(host) !== index);
  if (twice >= 0) throw new Problem("BODY_INVALID", `${hosts[twice]} is named twice`, { field: `hosts[${twice}]` });
}

/** The session's hosts; null when the cloud cannot be asked now. */
async function findHosts(
  session: Session,
  requested: readonly HostName[],
  { cloud }: CreatingSessions,
): Promise<readonly KnownHost[] | null> {
  const known = await cloud.knownHosts({ signal: AbortSignal.timeout(HOSTS_WITHIN_MS) }).catch((error: unknown) => {
    if (isProblem(error, "CLOUD_UNAVAILABLE") || isProblem(error, "CLOUD_REFUSED")) return null;
    throw error;
  });
  if (known === null) return null;
  const resolved = resolveHosts(requested, known, session.actions);
  switch (resolved.kind) {
    case "resolved":
      return resolved.hosts;
    case "unknown":
      throw new Problem("HOST_UNKNOWN", `no service of the cloud runs on "${resolved.host}"`, {
        field: `hosts[${resolved.index}]`,
      });
    case "none":
      throw new Problem("HOST_UNKNOWN", "the cloud has no compute host and no controller", { field: "hosts" });
  }
}
