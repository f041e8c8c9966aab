/** News that might come while the plan of a small cloud is under way; the same seed draws the same. */
import type { Plan } from "../../src/planner/format/plan.ts";
import type { CloudSnapshot, SnapshotHost, SnapshotInstance } from "../../src/planner/format/snapshot.ts";
import type { PlanEvent } from "../../src/planner/parallel/amend.ts";
import { type Draw, drawing } from "./small-clouds.ts";

/** What could happen at the second; null when what was drawn has no subject. */
export function smallEvent(seed: number, second: number, cloud: CloudSnapshot, plan: Plan): PlanEvent | null {
  const draw = drawing(seed);
  const host = one(draw, cloud.hosts);
  const instance = one(draw, cloud.instances);
  const moving = plan.moves.filter(({ start, end }) => start < second && end >= second);
  const moved = one(draw, moving)?.instance ?? instance?.instance;
  if (!host) return null;
  const kind = draw(1, 8);
  if (kind === 1) return { kind: "action_takes", host: host.host, seconds: draw(0, 60) * 10 };
  if (kind === 2) return { kind: "host_closed", host: host.host };
  if (kind === 3) return { kind: "host_left_out", host: host.host, reason: { kind: "refused", text: "by a project" } };
  if (kind === 4) return aNewOne(draw, second, cloud, plan, host);
  if (!instance || !moved) return null;
  if (kind === 5) return { kind: "move_takes", instance: moved, seconds: draw(0, 20) * 10 };
  if (kind === 6) return { kind: "move_failed", instance: moved };
  if (kind === 7) return { kind: "instance_gone", instance: instance.instance };
  return elsewhere(second, cloud, plan, host, instance);
}

const one = <T>(draw: Draw, list: readonly T[]): T | undefined => list[draw(0, Math.max(0, list.length - 1))];

function aNewOne(draw: Draw, second: number, cloud: CloudSnapshot, plan: Plan, host: SnapshotHost): PlanEvent | null {
  const demand = { vcpus: draw(0, 4), memory_mb: 512 * draw(0, 4) };
  if (!hasRoom(second, cloud, plan, host, demand)) return null;
  const instance = `new-${second}`;
  const is = { instance, host: host.host, project: "project-9", demand, lead_seconds: 0, move_seconds: 20 };
  return { kind: "instance_is", instance: { ...is, migration_type: "LIVE_MIGRATE" } };
}

/** Others have moved it to that host; without group and allowed hosts, since they look at neither. */
function elsewhere(
  second: number,
  cloud: CloudSnapshot,
  plan: Plan,
  host: SnapshotHost,
  instance: SnapshotInstance,
): PlanEvent | null {
  if (!hasRoom(second, cloud, plan, host, instance.demand)) return null;
  return { kind: "instance_is", instance: { ...instance, host: host.host, group: null, allowed_hosts: null } };
}

/** Whether the host has so much free beside what is there, leaves and arrives; a cloud gives no more than it has. */
function hasRoom(
  second: number,
  { instances }: CloudSnapshot,
  { moves }: Plan,
  { host, capacity }: SnapshotHost,
  demand: Readonly<Record<string, number>>,
): boolean {
  const present = new Set(instances.filter((instance) => instance.host === host).map(({ instance }) => instance));
  for (const { instance, from, to, start, end } of moves) {
    if (start >= second) continue;
    if (to === host) present.add(instance);
    if (from === host && end < second) present.delete(instance);
  }
  const there = instances.filter(({ instance }) => present.has(instance));
  return Object.entries(demand).every(
    ([name, amount]) =>
      amount + there.reduce((sum, of) => sum + (of.demand[name] ?? 0), 0) <= (capacity[name] ?? Infinity),
  );
}
