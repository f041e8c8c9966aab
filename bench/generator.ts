/** Clouds to plan for, after field measurements; the same seed gives the same cloud. */
import type { CloudSnapshot } from "../src/planner/format/snapshot.ts";
import { CloudSnapshot as Snapshot } from "../src/planner/format/snapshot.ts";

export interface CloudShape {
  readonly hosts: number;
  /** Of the class that is used most, CPU or memory: 0 to 1. */
  readonly utilisation: number;
  readonly seed: number;
  readonly kinds?: "uniform" | "mixed" | "nfv";
  readonly flavors?: "azure2019" | "huawei" | "nfv";
  /** `spread`: the emptiest host gets the next instance; `pack`: the fullest of 12; `aged`: spread, then churned. */
  readonly placement?: "spread" | "pack" | "aged";
  /** The share of groups whose members have to be on different hosts. */
  readonly antiAffine?: number;
  /** Members that may be impacted: one, or a share of the group. */
  readonly maxImpacted?: "one" | number;
  readonly recoverySeconds?: number;
  readonly leadSeconds?: number;
  readonly actionSeconds?: number;
  /** The coefficient of variation of action times. */
  readonly actionSpread?: number;
  readonly objective?: CloudSnapshot["session"]["objective"];
}

/** A small generator of numbers in [0, 1): mulberry32. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Row<T> = readonly [weight: number, value: T];

function pick<T>(rows: readonly Row<T>[], random: () => number): T {
  let left = random() * rows.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of rows) {
    left -= weight;
    if (left < 0) return value;
  }
  return rows.at(-1)![1];
}

const KINDS: Readonly<Record<string, readonly Row<readonly [vcpus: number, gib: number]>[]>> = {
  uniform: [[1, [96, 384]]],
  mixed: [
    [60, [96, 384]],
    [30, [64, 512]],
    [10, [128, 1024]],
  ],
  nfv: [[1, [48, 192]]],
};

// Marginals published with the Azure 2019 trace (CC-BY) and as a histogram of Huawei's trace.
const AZURE_CORES: readonly Row<number>[] = [
  ...([
    [29, 1],
    [29, 2],
    [23, 4],
    [12, 8],
    [4, 16],
    [2, 24],
    [1, 32],
  ] as const),
];
const AZURE_GIB: readonly Row<number>[] = [
  ...([
    [12, 2],
    [17, 4],
    [33, 8],
    [15, 16],
    [14, 32],
    [6, 64],
    [3, 128],
  ] as const),
];
const HUAWEI: readonly Row<readonly [number, number]>[] = [
  ...([
    [22, [1, 1]],
    [44, [1, 2]],
    [3, [1, 4]],
    [13, [2, 4]],
    [2, [2, 8]],
    [9, [4, 8]],
    [2, [4, 16]],
  ] as const),
  ...([
    [3, [8, 16]],
    [1, [8, 32]],
    [1, [16, 64]],
  ] as const),
];
const NFV: readonly Row<readonly [number, number]>[] = [
  ...([
    [40, [8, 16]],
    [35, [12, 32]],
    [20, [16, 48]],
    [5, [32, 64]],
  ] as const),
];
const GROUP_SIZES: readonly Row<readonly [number, number]>[] = [
  ...([
    [47, [1, 1]],
    [16, [2, 2]],
    [17, [3, 6]],
    [8, [7, 10]],
    [9, [11, 50]],
    [3, [51, 120]],
  ] as const),
];

function flavor(kind: string, largestGib: number, random: () => number): readonly [number, number] {
  if (kind === "huawei") return pick(HUAWEI, random);
  if (kind === "nfv") return pick(NFV, random);
  const cores = pick(AZURE_CORES, random);
  // Memory goes with cores in part: a machine of 32 cores with 2 GiB is not sold.
  const gib = Math.min(Math.max(pick(AZURE_GIB, random), cores), cores * 16, largestGib / 3);
  return [cores, gib];
}

interface Slot {
  readonly vcpus: number;
  readonly gib: number;
  freeVcpus: number;
  freeGib: number;
}

export function generateCloud(shape: CloudShape): CloudSnapshot {
  const { hosts: count, utilisation, seed, kinds = "uniform", flavors = "azure2019", placement = "spread" } = shape;
  const { antiAffine = 0.3, maxImpacted = 0.2, recoverySeconds = 60, leadSeconds = 0, objective = "makespan" } = shape;
  const { actionSeconds = 1_800, actionSpread = 0 } = shape;
  const random = chance(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const spreadOf = Math.sqrt(Math.log(1 + actionSpread ** 2));
  const slots: Slot[] = Array.from({ length: count }, () => {
    const [vcpus, gib] = pick(KINDS[kinds]!, random);
    return { vcpus, gib, freeVcpus: vcpus, freeGib: gib };
  });
  const total = { vcpus: slots.reduce((sum, s) => sum + s.vcpus, 0), gib: slots.reduce((sum, s) => sum + s.gib, 0) };
  const used = { vcpus: 0, gib: 0 };
  const largestGib = slots.reduce((most, { gib }) => Math.max(most, gib), 0);
  const instances: CloudSnapshot["instances"][number][] = [];
  const groups: CloudSnapshot["groups"][number][] = [];
  const isFull = () => Math.max(used.vcpus / total.vcpus, used.gib / total.gib) >= utilisation;

  let misses = 0;
  while (!isFull() && misses < 200) {
    const [least, most] = pick(GROUP_SIZES, random);
    const apart = random() < antiAffine;
    const wanted = least + Math.floor(random() * (most - least + 1));
    const size = apart ? Math.min(wanted, Math.max(1, Math.floor(count / 2))) : wanted;
    const [vcpus, gib] = flavor(flavors, largestGib, random);
    const project = `project-${Math.floor(random() * 50)}`;
    const group = size === 1 ? null : `group-${groups.length}`;
    const taken = new Set<number>();
    let placed = 0;
    for (let member = 0; member < size && !isFull(); member++) {
      const at = place(slots, placement, vcpus, gib, apart ? taken : new Set(), random);
      if (at === -1) {
        misses += 1;
        continue;
      }
      const slot = slots[at]!;
      slot.freeVcpus -= vcpus;
      slot.freeGib -= gib;
      used.vcpus += vcpus;
      used.gib += gib;
      taken.add(at);
      placed += 1;
      instances.push({
        ...{ instance: `instance-${instances.length}`, project, host: `host-${at}`, group },
        demand: { vcpus, memory_mb: gib * 1_024 },
        migration_type: "LIVE_MIGRATE",
        move_seconds: 5 + Math.round(gib),
        lead_seconds: leadSeconds,
      });
    }
    if (group === null || placed === 0) continue;
    groups.push({
      ...{ group, project, recovery_seconds: recoverySeconds, anti_affinity: apart, max_instances_per_host: 0 },
      max_impacted_members: maxImpacted === "one" ? 1 : Math.max(1, Math.floor(placed * maxImpacted)),
    });
  }
  return Snapshot.parse({
    version: 1,
    hosts: slots.map(({ vcpus, gib }, number) => ({
      ...{ host: `host-${number}`, zone: `zone-${number % 3}`, capacity: { vcpus, memory_mb: gib * 1_024 } },
      action_seconds: Math.max(1, Math.round(actionSeconds * Math.exp(spreadOf * normal() - spreadOf ** 2 / 2))),
    })),
    ...{ instances, groups, session: { objective } },
  });
}

/** The host for the next instance; -1 when a few dozen drawn ones have no room. */
function place(
  slots: readonly Slot[],
  placement: string,
  vcpus: number,
  gib: number,
  taken: ReadonlySet<number>,
  random: () => number,
): number {
  let best = -1;
  let bestFree = 0;
  for (let probe = 0; probe < (placement === "pack" ? 12 : 24); probe++) {
    const at = Math.floor(random() * slots.length);
    const { freeVcpus, freeGib, vcpus: all, gib: allGib } = slots[at]!;
    if (freeVcpus < vcpus || freeGib < gib || taken.has(at)) continue;
    const free = Math.min(freeVcpus / all, freeGib / allGib);
    if (best === -1 || (placement === "pack" ? free < bestFree : free > bestFree)) {
      best = at;
      bestFree = free;
    }
  }
  return best;
}
