/**
 * Judges a simulated cloud by its truth log: what must hold at every moment, whoever changed what.
 * It folds the log anew and shares no bookkeeping with the world that wrote it.
 */
import { plus, minus, shortOf, type Resources } from "./resources.ts";
import type { ServiceChanged, TruthEvent } from "./truth-log.ts";
import type { World } from "./world.ts";

export interface Violation {
  readonly kind: "on_two_hosts" | "over_capacity" | "anti_affinity" | "allocation_astray" | "service_not_restored";
  /** The event at which it began; null for what is wrong in the end. */
  readonly sequence: number | null;
  readonly detail: string;
}

export interface InvariantOptions {
  /** Also demand that each service is as it was after this event: 0 or absent for not at all. */
  readonly servicesAsAfter?: number | undefined;
}

export function checkInvariants(world: World, { servicesAsAfter = 0 }: InvariantOptions = {}): readonly Violation[] {
  const events = world.log.events();
  return [
    ...alwaysOnOneHost(events),
    ...neverOverCapacity(events),
    ...alwaysApart(events),
    ...allocatedWhereItRuns(world),
    ...(servicesAsAfter === 0 ? [] : servicesRestored(events, servicesAsAfter)),
  ];
}

function* alwaysOnOneHost(events: readonly TruthEvent[]): Iterable<Violation> {
  const hostOf = new Map<string, string>();
  for (const event of events) {
    if (event.kind === "instance_left" && hostOf.get(event.instance) === event.host) hostOf.delete(event.instance);
    if (event.kind !== "instance_appeared") continue;
    const other = hostOf.get(event.instance);
    hostOf.set(event.instance, event.host);
    if (other === undefined) continue;
    const detail = `${event.instance} appeared on ${event.host} while on ${other}`;
    yield { kind: "on_two_hosts", sequence: event.sequence, detail };
  }
}

function* neverOverCapacity(events: readonly TruthEvent[]): Iterable<Violation> {
  const capacity = new Map<string, Resources>();
  const used = new Map<string, Resources>();
  const held = new Map<string, Resources>();
  for (const event of events) {
    if (event.kind === "host_added") capacity.set(event.host, event.capacity);
    if (event.kind !== "allocation_changed") continue;
    const { consumer, host, resources, sequence } = event;
    const rest = minus(used.get(host) ?? {}, held.get(consumer) ?? {});
    const short = shortOf(resources ?? {}, rest, capacity.get(host) ?? {});
    used.set(host, plus(rest, resources ?? {}));
    if (resources === null) held.delete(consumer);
    else held.set(consumer, resources);
    if (short !== undefined) yield { kind: "over_capacity", sequence, detail: `${short} of ${host}, by ${consumer}` };
  }
}

function* alwaysApart(events: readonly TruthEvent[]): Iterable<Violation> {
  const limits = new Map<string, number>();
  const groupOf = new Map<string, string>();
  const together = new Map<string, number>();
  for (const event of events) {
    if (event.kind === "group_created" && event.policy === "anti-affinity") limits.set(event.group, event.maxPerHost);
    if (event.kind === "instance_created" && event.group !== null) groupOf.set(event.instance, event.group);
    if (event.kind !== "instance_appeared" && event.kind !== "instance_left") continue;
    const group = groupOf.get(event.instance);
    const limit = limits.get(group ?? "");
    if (group === undefined || limit === undefined) continue;
    const place = `${group} on ${event.host}`;
    const members = (together.get(place) ?? 0) + (event.kind === "instance_appeared" ? 1 : -1);
    together.set(place, members);
    if (event.kind === "instance_left" || members <= limit) continue;
    yield { kind: "anti_affinity", sequence: event.sequence, detail: `${members} members of group ${place}` };
  }
}

function* allocatedWhereItRuns(world: World): Iterable<Violation> {
  for (const instance of world.instances) {
    if (instance.pending !== null || instance.vmState === "building") continue;
    const charged = world.allocations.get(instance.id)?.host ?? null;
    if (charged === instance.host) continue;
    const detail = `${instance.name} is on ${instance.host ?? "no host"}, charged to ${charged ?? "none"}`;
    yield { kind: "allocation_astray", sequence: null, detail };
  }
}

function* servicesRestored(events: readonly TruthEvent[], after: number): Iterable<Violation> {
  const before = new Map<string, ServiceChanged>();
  const now = new Map<string, ServiceChanged>();
  for (const event of events) {
    if (event.kind !== "service_changed") continue;
    const service = `${event.binary} on ${event.host}`;
    now.set(service, event);
    if (event.sequence <= after) before.set(service, event);
  }
  for (const [service, was] of before) {
    const is = now.get(service) ?? was;
    if (is.disabled === was.disabled && is.forcedDown === was.forcedDown && is.reason === was.reason) continue;
    const detail = `${service}: ${shown(was)} before, ${shown(is)} now`;
    yield { kind: "service_not_restored", sequence: null, detail };
  }
}

function shown({ disabled, forcedDown, reason }: ServiceChanged): string {
  return `${disabled ? "disabled" : "enabled"}${reason === null ? "" : ` (${reason})`}${forcedDown ? ", forced down" : ""}`;
}
