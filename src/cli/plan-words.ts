/** A plan in words: how long, in which waves, who is asked, and what is in the way. */
import type { PlanCheck } from "../planner/check/check.ts";
import type { Plan } from "../planner/format/plan.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import { tightBoundOf } from "../planner/parallel/plan.ts";
import type { Price } from "../planner/what-if.ts";
import { table } from "./table.ts";
import { duration } from "./when.ts";

/** So many rows of a long table are shown; `--all` shows the rest. */
const ROWS = 40;

export function planInWords(
  snapshot: CloudSnapshot,
  plan: Plan,
  { checked, all, now }: { readonly checked: PlanCheck; readonly all: boolean; readonly now: Date },
): string {
  const parts = [
    summary(snapshot, plan, checked, now),
    table(["WAVE", "FROM", "UNTIL", "HOSTS", "MOVES"], waveRows(plan), "no hosts planned"),
    shortened(["HOST", "WAVE", "DRAIN", "EMPTY", "ACTION", "BACK", "MOVES"], hostRows(plan), all),
    shortened(["INSTANCE", "PROJECT", "FROM", "TO", "START", "END"], moveRows(snapshot, plan), all),
    shortened(["PROJECT ASKED", "INSTANCES", "MOVES", "FIRST", "LAST"], projectRows(snapshot, plan), all),
    shortened(["BLOCKED", "WHY"], blockedRows(plan), all),
    shortened(
      ["SCALE IN", "INSTANCES", "WHY"],
      plan.scale_in.map(({ project, instances, why }) => [project, `${instances}`, why]),
      all,
    ),
    violationsInWords(checked, all),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function summary(snapshot: CloudSnapshot, plan: Plan, { summary: known }: PlanCheck, now: Date): string {
  const { hosts, blocked, makespan_seconds: makespan, lower_bound: bound } = plan;
  const { moves_per_instance: perInstance } = known;
  const waves = new Set(hosts.map(({ wave }) => wave)).size;
  const eta = new Date(now.getTime() + makespan * 1_000).toISOString().slice(0, 16).replace("T", " ");
  const tight = tightBoundOf(snapshot, plan);
  const rows = [
    ["Plan", plan.digest],
    [
      "Hosts",
      `${hosts.length} in ${waves} ${waves === 1 ? "wave" : "waves"}${blocked.length === 0 ? "" : `; ${blocked.length} cannot be planned`}`,
    ],
    [
      "Moves",
      `${plan.moves.length}${perInstance === null ? "" : `, ${perInstance.toFixed(2)} for each instance that has to leave`}`,
    ],
    ["Takes", `${seconds(makespan)}; begun now it is done by ${eta} UTC`],
    ["Bound", `${seconds(bound.best)}, by ${nameOfBest(bound)}: ${times(makespan, bound.best)}`],
    ["Tight", `${seconds(tight)}, as hosts are not divisible and groups need places: ${times(makespan, tight)}`],
    [
      "Closed",
      `${seconds(bound.capacity_time_closed)}, for planners that close a host when its drain starts: ${times(makespan, bound.capacity_time_closed)}`,
    ],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(8)}${value}\n`).join("");
}

/** How far a plan is from a bound. */
const times = (makespan: number, bound: number): string =>
  bound === 0 ? "nothing to compare with" : `the plan is ${(makespan / bound).toFixed(2)} times that`;

/** Which bound is the largest. */
function nameOfBest(bound: Plan["lower_bound"]): string {
  const named = {
    capacity_time: "free capacity",
    host_chain: "the host that takes longest",
    group_chain: "the instance group that takes longest",
    operator_limit: "the allowed number of hosts at once",
  } as const;
  const keys = Object.keys(named) as (keyof typeof named)[];
  return named[keys.reduce((most, key) => (bound[key] > bound[most] ? key : most), "capacity_time")];
}

function waveRows({ hosts, moves }: Plan): readonly (readonly string[])[] {
  const waveOf = new Map(hosts.map(({ host, wave }) => [host, wave]));
  const waves = new Map<number, { from: number; until: number; hosts: number; moves: number }>();
  for (const { wave, drain_start, action_end } of hosts) {
    const known = waves.get(wave) ?? { from: Infinity, until: 0, hosts: 0, moves: 0 };
    known.from = Math.min(known.from, drain_start);
    known.until = Math.max(known.until, action_end);
    known.hosts += 1;
    waves.set(wave, known);
  }
  for (const { from } of moves) {
    const wave = waves.get(waveOf.get(from) ?? 0);
    if (wave) wave.moves += 1;
  }
  return [...waves]
    .toSorted(([a], [b]) => a - b)
    .map(([wave, { from, until, hosts: some, moves: made }]) => [
      `${wave}`,
      clock(from),
      clock(until),
      `${some}`,
      `${made}`,
    ]);
}

function hostRows({ hosts, moves }: Plan): readonly (readonly string[])[] {
  const leaving = new Map<string, number>();
  for (const { from } of moves) leaving.set(from, (leaving.get(from) ?? 0) + 1);
  return hosts
    .toSorted((a, b) => a.drain_start - b.drain_start || (a.host < b.host ? -1 : 1))
    .map(({ host, wave, drain_start, empty_at, action_start, action_end }) => [
      ...[host, `${wave}`],
      ...[drain_start, empty_at, action_start, action_end].map(clock),
      `${leaving.get(host) ?? 0}`,
    ]);
}

function moveRows({ instances }: CloudSnapshot, { moves }: Plan): readonly (readonly string[])[] {
  const projectOf = new Map(instances.map(({ instance, project }) => [instance, project]));
  return moves
    .toSorted((a, b) => a.start - b.start || (a.instance < b.instance ? -1 : 1))
    .map(({ instance, from, to, start, end }) => [
      instance,
      projectOf.get(instance) ?? "-",
      from,
      to,
      clock(start),
      clock(end),
    ]);
}

/** Those whose instances move; the one with the most moves first. */
function projectRows({ instances }: CloudSnapshot, { moves }: Plan): readonly (readonly string[])[] {
  const projectOf = new Map(instances.map(({ instance, project }) => [instance, project]));
  const projects = new Map<string, { instances: Set<string>; moves: number; first: number; last: number }>();
  for (const { instance, start, end } of moves) {
    const project = projectOf.get(instance) ?? "-";
    const known = projects.get(project) ?? { instances: new Set(), moves: 0, first: Infinity, last: 0 };
    known.instances.add(instance);
    known.moves += 1;
    known.first = Math.min(known.first, start);
    known.last = Math.max(known.last, end);
    projects.set(project, known);
  }
  return [...projects]
    .toSorted(([a, one], [b, other]) => other.moves - one.moves || (a < b ? -1 : 1))
    .map(([project, { instances: own, moves: made, first, last }]) => [
      project,
      `${own.size}`,
      `${made}`,
      clock(first),
      clock(last),
    ]);
}

/** What would make a maintenance shorter, or longer. */
export const pricesInWords = (prices: readonly Price[]): string =>
  table(
    ["WHAT IF", "TAKES", "DIFFERENCE", "BOUND", "MOVES", "BLOCKED"],
    prices.map(({ change, makespan_seconds, difference_seconds, bound_seconds, moves, blocked }) => {
      const sign = difference_seconds < 0 ? "-" : "+";
      const difference = difference_seconds === 0 ? "-" : `${sign} ${seconds(Math.abs(difference_seconds))}`;
      return [change, seconds(makespan_seconds), difference, seconds(bound_seconds), `${moves}`, `${blocked}`];
    }),
  );

const blockedRows = ({ blocked }: Plan): readonly (readonly string[])[] =>
  blocked.flatMap(({ host, reasons }) => reasons.map(({ text }, index) => [index === 0 ? host : "", text]));

export function violationsInWords({ violations }: PlanCheck, all: boolean): string {
  if (violations.length === 0) return "Checked: the plan keeps every rule.\n";
  const rows = violations.map(({ rule, second, text }) => [rule, second === null ? "-" : `${second}`, text]);
  return `Checked: the plan breaks ${violations.length} times a rule.\n${shortened(["RULE", "SECOND", "WHAT"], rows, all)}`;
}

function shortened(head: readonly string[], rows: readonly (readonly string[])[], all: boolean): string {
  if (rows.length === 0) return "";
  const shown = all ? rows : rows.slice(0, ROWS);
  const more = rows.length - shown.length;
  return `${table(head, shown)}${more === 0 ? "" : `… and ${more} more, which --all shows\n`}`;
}

const seconds = (amount: number): string => duration(amount * 1_000);

/** A time from the start of the plan: `1:02:03`. */
function clock(amount: number): string {
  const total = Math.floor(amount);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${Math.floor(total / 3_600)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
}
