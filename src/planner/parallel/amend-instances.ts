/** A numbered cloud with one instance more, less, or otherwise: its numbers stay what they are, as far as they can. */
import { groupKey } from "../format/contradictions.ts";
import type { SnapshotInstance } from "../format/snapshot.ts";
import type { NumberedCloud } from "./numbered.ts";

/** Instances with higher numbers move up by one. */
export function withoutInstance(cloud: NumberedCloud, instance: number): NumberedCloud {
  const { snapshot, classes, group } = cloud;
  return {
    ...cloud,
    snapshot: { ...snapshot, instances: snapshot.instances.toSpliced(instance, 1) },
    instanceCount: cloud.instanceCount - 1,
    demand: without(cloud.demand, instance, classes.length),
    home: without(cloud.home, instance),
    moveTime: without(cloud.moveTime, instance),
    lead: without(cloud.lead, instance),
    group: without(group, instance),
    allowed: cloud.allowed.toSpliced(instance, 1),
    groupSize: cloud.groupSize.with(group[instance]!, cloud.groupSize[group[instance]!]! - 1),
  };
}

/** In the place of a known one, or (-1) after all others. Answers its number, too. */
export function withInstance(
  before: NumberedCloud,
  known: number,
  is: SnapshotInstance,
): { readonly cloud: NumberedCloud; readonly instance: number } {
  const instance = known === -1 ? before.instanceCount : known;
  const { cloud, group } = withGroup(before, is);
  const { snapshot, classes } = cloud;
  const numberOf = (name: string) => snapshot.hosts.findIndex(({ host }) => host === name);
  const allowed = is.allowed_hosts == null ? null : new Set(is.allowed_hosts.map(numberOf));
  const groupSize = cloud.groupSize.slice();
  if (known !== -1) groupSize[cloud.group[known]!]! -= 1;
  groupSize[group]! += 1;
  const amounts = classes.map((name) => is.demand[name] ?? 0);
  return {
    instance,
    cloud: {
      ...cloud,
      groupSize,
      snapshot: { ...snapshot, instances: snapshot.instances.toSpliced(instance, 1, is) },
      instanceCount: Math.max(cloud.instanceCount, instance + 1),
      demand: withRow(cloud.demand, instance, amounts),
      home: withRow(cloud.home, instance, [numberOf(is.host)]),
      moveTime: withRow(cloud.moveTime, instance, [is.move_seconds ?? snapshot.defaults.move_seconds]),
      lead: withRow(cloud.lead, instance, [is.lead_seconds]),
      group: withRow(cloud.group, instance, [group]),
      allowed: cloud.allowed.toSpliced(instance, 1, allowed),
    },
  };
}

/** The number of its group; an instance without one becomes a new group of its own. */
function withGroup(cloud: NumberedCloud, { project, group }: SnapshotInstance) {
  const { groups } = cloud.snapshot;
  const key = group == null ? null : groupKey({ project, group });
  const number = key === null ? -1 : groups.findIndex((one) => groupKey(one) === key);
  if (number !== -1) return { cloud, group: number };
  const alone = cloud.groupCount;
  return {
    group: alone,
    cloud: {
      ...cloud,
      groupCount: alone + 1,
      maxImpacted: withRow(cloud.maxImpacted, alone, [1]),
      recovery: withRow(cloud.recovery, alone, [0]),
      perHost: withRow(cloud.perHost, alone, [Infinity]),
      groupSize: withRow(cloud.groupSize, alone, [0]),
    },
  };
}

/** `values` with these in the row of that number, which may be the next one. */
function withRow<T extends Float64Array | Int32Array>(values: T, row: number, amounts: readonly number[]): T {
  const width = amounts.length;
  const changed = likeOf(values, Math.max(values.length, (row + 1) * width));
  changed.set(values);
  changed.set(amounts, row * width);
  return changed;
}

function without<T extends Float64Array | Int32Array>(values: T, row: number, width = 1): T {
  const rest = likeOf(values, values.length - width);
  rest.set(values.subarray(0, row * width));
  rest.set(values.subarray((row + 1) * width), row * width);
  return rest;
}

const likeOf = <T extends Float64Array | Int32Array>(values: T, length: number): T =>
  (values instanceof Float64Array ? new Float64Array(length) : new Int32Array(length)) as T;
