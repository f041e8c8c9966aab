/** What really happened to hosts and instances, by the simulated cloud's own log. Asks Fenix nothing. */
import type { SimulatedCloud } from "../src/simulator/cloud.ts";
import { occupants } from "../src/simulator/occupancy.ts";
import type { TruthEvent } from "../src/simulator/truth-log.ts";
import type { Work } from "./desk.ts";

export interface Verdict {
  /** Hosts that were worked on, each once, in order. */
  readonly maintained: readonly string[];
  readonly moves: { readonly cold: number; readonly live: number; readonly failed: number };
  readonly instances: number;
  /** Instances that the projects gave up, and created again. */
  readonly scaledIn: number;
  readonly scaledOut: number;
  /** Seconds during which an instance did not run, for those that ever stopped. Deleted ones are not counted. */
  readonly downtimes: readonly number[];
  readonly violations: readonly string[];
}

export interface Evidence {
  readonly cloud: SimulatedCloud;
  /** The number of the last event before the session. */
  readonly before: number;
  readonly works: readonly Work[];
}

export function judge(evidence: Evidence): Verdict {
  const { cloud, before, works } = evidence;
  const events = cloud.log.events(before);
  return {
    maintained: works.map(({ host }) => host),
    moves: countMoves(events),
    instances: cloud.world.instances.length,
    scaledIn: count(events, "instance_deleted"),
    scaledOut: count(events, "instance_created"),
    downtimes: downtimes(events),
    violations: [
      ...cloud.checkInvariants({ servicesAsAfter: before }).map(({ kind, detail }) => `${kind}: ${detail}`),
      ...workedOnWhileInUse(evidence),
      ...notWorkedOnOnce(evidence),
      ...notRunning(cloud),
      ...lost(events),
    ],
  };
}

const count = (events: readonly TruthEvent[], kind: TruthEvent["kind"]): number =>
  events.filter((event) => event.kind === kind).length;

function countMoves(events: readonly TruthEvent[]): Verdict["moves"] {
  const type = new Map<string, string>();
  for (const event of events) if (event.kind === "migration_started") type.set(event.migration, event.type);
  const ended = (statuses: readonly string[]) =>
    new Set(
      events.flatMap((event) =>
        event.kind === "migration_changed" && statuses.includes(event.status) ? [event.migration] : [],
      ),
    );
  const done = [...ended(["confirmed", "completed"])].map((migration) => type.get(migration));
  const live = done.filter((kind) => kind === "live-migration").length;
  return { cold: done.length - live, live, failed: ended(["error", "failed", "cancelled"]).size };
}

/** What Nova shows of an instance that runs, on whichever side of its move. */
const running = ["ACTIVE", "MIGRATING", "VERIFY_RESIZE"];

function downtimes(events: readonly TruthEvent[]): readonly number[] {
  const stoppedAt = new Map<string, number>();
  const total = new Map<string, number>();
  const created = new Set<string>();
  for (const event of events) {
    if (event.kind === "instance_created") created.add(event.instance);
    if (event.kind === "instance_deleted") total.delete(event.instance);
    if (event.kind !== "status_changed" || created.has(event.instance)) continue;
    const at = Date.parse(event.at);
    const since = stoppedAt.get(event.instance);
    if (since !== undefined) total.set(event.instance, (total.get(event.instance) ?? 0) + (at - since) / 1_000);
    if (running.includes(event.status)) stoppedAt.delete(event.instance);
    else stoppedAt.set(event.instance, at);
  }
  return [...total.values()];
}

/** Nobody may be on a host, or charged to it in Placement, while it is worked on. */
function workedOnWhileInUse({ cloud, works }: Evidence): readonly string[] {
  const computes = works.filter(({ host }) => cloud.world.hosts.has(host));
  return computes.flatMap(({ host, from, until }) =>
    occupants(cloud.log.events(), host, { from, until }).map(
      ({ consumer }) => `${host} was worked on with ${consumer} on it`,
    ),
  );
}

function notWorkedOnOnce({ cloud, works }: Evidence): readonly string[] {
  const hosts = new Set([...cloud.world.hosts.keys(), ...cloud.world.services.map(({ host }) => host)]);
  return [...hosts].flatMap((host) => {
    const times = works.filter((work) => work.host === host).length;
    return times === 1 ? [] : [`${host} was worked on ${times} times`];
  });
}

const notRunning = (cloud: SimulatedCloud): readonly string[] =>
  cloud.world.instances
    .filter(({ vmState, taskState }) => vmState !== "active" || taskState !== null)
    .map(({ name, vmState }) => `${name} does not run: ${vmState}`);

/** What was given up has to be there again. */
function lost(events: readonly TruthEvent[]): readonly string[] {
  const missing = count(events, "instance_deleted") - count(events, "instance_created");
  return missing === 0 ? [] : [`${missing} instances are missing in the end`];
}
