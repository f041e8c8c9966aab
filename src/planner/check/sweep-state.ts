/** The state of the cloud during the sweep: who is where, what is full, who is impacted, which hosts are closed. */
import { at, type NumberedCloud } from "./numbered-cloud.ts";

export interface SweepState {
  /** `host * classes + class`: what is held, by arriving and by leaving instances too. */
  readonly held: Float64Array;
  /** Per class, over open hosts that take instances: what is free. Classes that one of them does not limit are in `unlimited`. */
  readonly free: Float64Array;
  readonly unlimited: Int32Array;
  /** Per host: instances there, arriving, or not yet gone. */
  readonly present: Int32Array;
  readonly outbound: Int32Array;
  readonly inbound: Int32Array;
  readonly closed: Uint8Array;
  /** Per instance: its host, and how many of its moves are under way. */
  readonly place: Int32Array;
  readonly moving: Int32Array;
  /** Per instance: how many of its moves count as impact now; per group: its impacted members. */
  readonly impacts: Int32Array;
  readonly impacted: Int32Array;
  /** Members of anti-affine groups: `group * hosts + host`. */
  readonly members: Map<number, number>;
  closedHosts: number;
  movesUnderWay: number;
}

export function stateAtStart(cloud: NumberedCloud): SweepState {
  const { classes, home, groupOf, groupCount } = cloud;
  const { hosts, instances } = cloud.snapshot;
  const state: SweepState = {
    held: new Float64Array(hosts.length * classes.length),
    free: new Float64Array(classes.length),
    unlimited: new Int32Array(classes.length),
    present: new Int32Array(hosts.length),
    outbound: new Int32Array(hosts.length),
    inbound: new Int32Array(hosts.length),
    closed: new Uint8Array(hosts.length),
    place: Int32Array.from(home),
    moving: new Int32Array(instances.length),
    impacts: new Int32Array(instances.length),
    impacted: new Int32Array(groupCount),
    members: new Map(),
    closedHosts: 0,
    movesUnderWay: 0,
  };
  // While every host counts as closed, nothing is free; then each is opened with what it holds.
  state.closed.fill(1);
  for (const [instance, host] of home.entries()) if (host >= 0) hold(cloud, state, instance, host, 1);
  state.closed.fill(0);
  for (const host of hosts.keys()) offer(cloud, state, host, 1);
  for (const [instance, host] of home.entries()) {
    const group = at(groupOf, instance);
    if (host >= 0 && at(cloud.maxPerHost, group) !== Infinity) count(cloud, state, group, host, 1);
  }
  return state;
}

/** An instance begins (1) or ceases (-1) to take room on a host. */
export function hold(cloud: NumberedCloud, state: SweepState, instance: number, host: number, by: 1 | -1): void {
  const { demand, capacity, takes } = cloud;
  const size = cloud.classes.length;
  const isOffered = at(takes, host) === 1 && at(state.closed, host) === 0;
  add(state.present, host, by);
  for (let k = 0; k < size; k += 1) {
    const amount = by * at(demand, instance * size + k);
    add(state.held, host * size + k, amount);
    if (isOffered && at(capacity, host * size + k) !== Infinity) add(state.free, k, -amount);
  }
}

/** The free room of a host begins (1) or ceases (-1) to count. */
export function offer(cloud: NumberedCloud, state: SweepState, host: number, by: 1 | -1): void {
  if (!at(cloud.takes, host)) return;
  const size = cloud.classes.length;
  for (let k = 0; k < size; k += 1) {
    const capacity = at(cloud.capacity, host * size + k);
    if (capacity === Infinity) add(state.unlimited, k, by);
    else add(state.free, k, by * (capacity - at(state.held, host * size + k)));
  }
}

/** Members of an anti-affine group on a host, the arriving and the leaving ones too. Answers how many there are now. */
export function count(
  { snapshot }: NumberedCloud,
  { members }: SweepState,
  group: number,
  host: number,
  by: number,
): number {
  const key = group * snapshot.hosts.length + host;
  const now = (members.get(key) ?? 0) + by;
  members.set(key, now);
  return now;
}

export function add(numbers: { [place: number]: number }, place: number, by: number): number {
  return (numbers[place] = (numbers[place] ?? 0) + by);
}
