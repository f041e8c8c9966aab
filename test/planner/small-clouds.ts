/** Small clouds with something odd about most of them, for property tests; the same seed gives the same cloud. */
import { CloudSnapshot, type CloudSnapshotInput } from "../../src/planner/format/snapshot.ts";

/** A whole number between the two, which are both possible. */
export type Draw = (least: number, most: number) => number;

/** A cloud of 1 to 8 hosts whose limits, groups and times are all drawn. */
export function smallCloud(seed: number): CloudSnapshot {
  const draw = drawing(seed);
  const rarely = () => draw(1, 8) === 1;
  const hosts = Array.from({ length: draw(1, 8) }, (_, number) => ({
    host: `host-${number}`,
    type: rarely() && rarely() ? "controller" : "compute",
    zone: draw(0, 3) === 0 ? null : `zone-${draw(1, 2)}`,
    enabled: !rarely(),
    capacity: { vcpus: 8 * draw(1, 3), ...(rarely() ? {} : { memory_mb: 1_024 * draw(8, 32) }) },
    ...(draw(0, 1) === 0 ? {} : { action_seconds: draw(0, 4) * 100 }),
    ...(rarely() ? { outbound_moves: draw(1, 3) } : {}),
    ...(rarely() ? { inbound_moves: draw(0, 2) } : {}),
  }));
  const groups = Array.from({ length: draw(0, 4) }, (_, number) => ({
    group: `group-${number}`,
    project: `project-${number % 2}`,
    max_impacted_members: rarely() ? 0 : draw(1, 3),
    recovery_seconds: draw(0, 2) * 30,
    anti_affinity: draw(0, 1) === 1,
    max_instances_per_host: draw(0, 2),
  }));
  const anyHost = () => `host-${draw(0, hosts.length - 1)}`;
  const instances = Array.from({ length: draw(0, 4 * hosts.length) }, (_, number) => {
    const group = groups[draw(0, 2 * groups.length)];
    const host = anyHost();
    return {
      ...{ instance: `instance-${number}`, host, project: group?.project ?? "project-9", group: group?.group ?? null },
      demand: { vcpus: draw(0, 5), memory_mb: 512 * draw(0, 8) },
      ...(draw(0, 1) === 0 ? {} : { move_seconds: draw(0, 4) * 10 }),
      lead_seconds: rarely() ? draw(1, 5) * 60 : 0,
      ...(rarely() ? { allowed_hosts: [...new Set([host, anyHost(), anyHost()])] } : {}),
    };
  });
  const session: CloudSnapshotInput["session"] = {
    hosts: rarely() ? [...new Set([anyHost(), anyHost()])] : [],
    objective: (["makespan", "balanced", "moves"] as const)[draw(0, 2)]!,
    max_hosts_at_once: rarely() ? draw(1, 3) : null,
    max_hosts_at_once_per_zone: rarely() ? draw(1, 2) : null,
    max_moves_at_once: rarely() ? draw(1, 3) : null,
    reserve: rarely() ? { vcpus: draw(0, 8), memory_mb: 1_024 * draw(0, 8) } : {},
    window_seconds: rarely() ? draw(0, 20) * 100 : null,
  };
  const defaults = { action_seconds: 300, outbound_moves: 2, inbound_moves: 2, move_seconds: 20 };
  return CloudSnapshot.parse({ version: 1, defaults, hosts, instances, groups, session });
}

/** Whole numbers from `least` to `most`, from a linear congruential generator that is good enough for tests. */
export function drawing(seed: number): Draw {
  let state = (seed * 2_654_435_761) >>> 0;
  return (least, most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return least + Math.floor((state / 4_294_967_296) * (most - least + 1));
  };
}
