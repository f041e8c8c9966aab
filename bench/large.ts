/** What the largest cloud costs: planning, mending the plan after one event, and checking it. */
import { check } from "../src/planner/check/check.ts";
import type { CloudSnapshot } from "../src/planner/format/snapshot.ts";
import type { PlanEvent } from "../src/planner/parallel/amend.ts";
import { asPlan, type Planned, planned } from "../src/planner/parallel/plan.ts";
import { replan } from "../src/planner/parallel/replan.ts";
import { chance, generateCloud } from "./generator.ts";

export interface Large {
  readonly hosts: number;
  readonly instances: number;
  readonly ratioClosed: number;
  /** Of processor time, not of the clock: other work on the machine counts for little. */
  readonly planSeconds: number;
  readonly checkSeconds: number;
  readonly violations: number;
  /** In milliseconds of processor time, over `events` single events at seconds spread over the plan. */
  readonly events: number;
  readonly replanMedian: number;
  readonly replanP95: number;
  /** Instances that go elsewhere than planned after one event, as a share of all moves; the mean. */
  readonly elsewhere: number;
  /** The most memory that the process has had before anything is checked, in MiB: snapshot, plan and mended plans. */
  readonly peakMiB: number;
}

/** Events before any is timed, one of each kind: the engine compiles then, and clears away what was left of planning. */
const WARM_UP = 7;

export function measureLarge(hosts: number, utilisation: number, events: number): Large {
  const cloud = generateCloud({ hosts, utilisation, seed: 1, actionSpread: 0.3 });
  let state = planned(cloud);
  const planSeconds = processorSeconds(() => asPlan((state = planned(cloud))));
  const random = chance(hosts);
  const times: number[] = [];
  let elsewhere = 0;
  for (let number = -WARM_UP; number < events; number++) {
    const second = 1 + Math.floor((state.run.makespan - 1) * random());
    const event = anEvent(state, number + WARM_UP, second, random);
    let after = state;
    const seconds = processorSeconds(() => (after = replan(state, second, event)));
    if (number < 0) continue;
    times.push(1_000 * seconds);
    const gone = event.kind === "instance_gone" ? instanceNumber(state, event.instance) : -1;
    elsewhere += movedPlaces(state, after, gone) / state.run.moves.count / events;
  }
  times.sort((a, b) => a - b);
  const peakMiB = process.resourceUsage().maxRSS / 1_024;
  const made = asPlan(state);
  let violations = 0;
  const checkSeconds = processorSeconds(() => (violations = check(cloud, made).violations.length));
  return {
    ...{ hosts, instances: cloud.instances.length, ratioClosed: made.ratio_closed ?? 1, planSeconds, checkSeconds },
    ...{ violations, events, elsewhere, peakMiB },
    replanMedian: times[Math.floor(times.length / 2)]!,
    replanP95: times[Math.ceil(0.95 * times.length) - 1]!,
  };
}

function processorSeconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function anEvent({ cloud, run }: Planned, number: number, second: number, random: () => number): PlanEvent {
  const { hosts, instances }: CloudSnapshot = cloud.snapshot;
  const one = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const acting = run.begun.filter((host) => run.emptyAt[host]! < second && run.actionEnd[host]! > second);
  const toCome = run.begun.filter((host) => run.drainStart[host]! > second);
  const moving: number[] = [];
  for (let move = 0; move < run.moves.count && run.moves.start[move]! < second; move++)
    if (run.moves.end[move]! > second) moving.push(run.moves.instance[move]!);
  const { host, action_seconds = 1_800 } = hosts[one(acting) ?? 0]!;
  const { instance } = instances[one(moving) ?? 0]!;
  const kinds: readonly PlanEvent[] = [
    { kind: "action_takes", host, seconds: Math.round(1.3 * action_seconds) },
    { kind: "move_takes", instance, seconds: 300 },
    { kind: "move_failed", instance },
    { kind: "host_closed", host: one(hosts)!.host },
    { kind: "instance_gone", instance: one(instances)!.instance },
    { kind: "instance_is", instance: { ...instances[0]!, instance: "new", host, group: null } },
    { kind: "host_left_out", host: hosts[one(toCome) ?? 0]!.host, reason: { kind: "refused", text: "by a project" } },
  ];
  return kinds[number % kinds.length]!;
}

const instanceNumber = ({ cloud }: Planned, name: string): number =>
  cloud.snapshot.instances.findIndex(({ instance }) => instance === name);

/** How many instances of both plans end up elsewhere; `gone`: the number after which the numbers have moved up. */
function movedPlaces(before: Planned, after: Planned, gone: number): number {
  const [were, are] = [lastPlaces(before), lastPlaces(after)];
  let count = 0;
  for (let instance = 0; instance < were.length; instance++) {
    if (instance === gone) continue;
    if (were[instance] !== are[gone !== -1 && instance > gone ? instance - 1 : instance]) count += 1;
  }
  return count;
}

/** Numbers only: names of a hundred thousand instances would be garbage that the next plan is charged for. */
function lastPlaces({ cloud, run }: Planned): Int32Array {
  const places = cloud.home.slice();
  for (let move = 0; move < run.moves.count; move++) places[run.moves.instance[move]!] = run.moves.to[move]!;
  return places;
}
