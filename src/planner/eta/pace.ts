/** How fast a session goes: by its own measured times, by its plan before, and by assumptions where there is none. */
import type { HostName } from "../../domain/ids.ts";
import { isCompute, type SessionHost, type SessionOptions } from "../../domain/session.ts";
import type { Plan } from "../format/plan.ts";

/** The newest marks of one host: when its drain began, when it was empty, when it was done. Null where it never was. */
export interface Visit {
  readonly drainingAt: Date | null;
  readonly emptyAt: Date | null;
  readonly maintainedAt: Date | null;
}

/** How long a plan thought that things take, on average, and how many hosts were away at most. */
export interface Expected {
  readonly hostsAtOnce: number;
  readonly drainSeconds: number;
  readonly actionSeconds: number;
}

/** What a session has measured so far, and what its plan expected. */
export interface Pace {
  readonly visits: ReadonlyMap<HostName, Visit>;
  /** Of the moves that have ended well; the mean of none is 0. */
  readonly moves: { readonly count: number; readonly meanSeconds: number };
  /** Null without a plan. */
  readonly expected: Expected | null;
}

export interface Progress {
  readonly now: Date;
  /** Nothing is touched before. */
  readonly maintenanceAt: Date;
  readonly hosts: readonly SessionHost[];
  /** Where the instances of the session are; null: nowhere. */
  readonly instances: readonly { readonly host: HostName | null }[];
  readonly options: Pick<SessionOptions, "hosts_at_once" | "moves_at_once">;
  readonly pace: Pace;
}

/** `measured` on whole hosts; `moves`: measured moves and the instances that are left; by the `plan`; or `assumed`. */
export type Basis = "measured" | "moves" | "plan" | "assumed";

/** A mean in seconds, the standard deviation as a share of it, of how many, and where it is from. */
export interface Pacing {
  readonly seconds: number;
  readonly spread: number;
  readonly count: number;
  readonly basis: Basis;
}

/** Host actions take half an hour and a move 30 s, as the plan format has it for clouds that say nothing. */
const ACTION_SECONDS = 1_800;
const MOVE_SECONDS = 30;

/** Nothing known: a third of all take less than half or more than half as much again. */
const SPREAD = 0.5;
/** So many measurements weigh as much as that. */
const SPREAD_WEIGHT = 2;

export function drainPacing({ pace, instances, options }: Progress, left: readonly SessionHost[]): Pacing {
  const measured = [...pace.visits.values()].flatMap(({ drainingAt, emptyAt }) => between(drainingAt, emptyAt));
  if (measured.length > 0) return pacingOf(measured);
  if (pace.moves.count === 0 && pace.expected !== null) return unmeasured(pace.expected.drainSeconds, "plan");
  const computes = new Set(left.filter(isCompute).map(({ name }) => name));
  const there = instances.filter(({ host }) => host !== null && computes.has(host)).length;
  const each = there / Math.max(1, computes.size);
  const [move, basis] =
    pace.moves.count > 0 ? [pace.moves.meanSeconds, "moves" as const] : [MOVE_SECONDS, "assumed" as const];
  return unmeasured((each * move) / options.moves_at_once, basis);
}

export function actionPacing({ visits, expected }: Pace): Pacing {
  const measured = [...visits.values()].flatMap(({ emptyAt, maintainedAt }) => between(emptyAt, maintainedAt));
  if (measured.length > 0) return pacingOf(measured);
  return expected === null ? unmeasured(ACTION_SECONDS, "assumed") : unmeasured(expected.actionSeconds, "plan");
}

/** A visit that is not over, or whose older marks are of a visit before, tells nothing. */
const between = (from: Date | null, to: Date | null): readonly number[] =>
  from === null || to === null || to < from ? [] : [seconds(from, to)];

const unmeasured = (mean: number, basis: Basis): Pacing => ({ seconds: mean, spread: SPREAD, count: 0, basis });

/** Few measurements hardly tell how much they spread, so the assumed spread counts beside theirs. */
function pacingOf(measured: readonly number[]): Pacing {
  const count = measured.length;
  const mean = measured.reduce((sum, one) => sum + one, 0) / count;
  const squares = measured.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const relative = mean === 0 ? 0 : squares / mean ** 2;
  const spread = Math.sqrt((relative + SPREAD_WEIGHT * SPREAD ** 2) / (count + SPREAD_WEIGHT));
  return { seconds: mean, spread, count, basis: "measured" };
}

/** The most hosts that were away together, once one has come back; before, what was planned or is allowed. */
export function hostsAtOnceOf({ pace, options }: Progress): number {
  const visits = [...pace.visits.values()];
  if (!visits.some(({ maintainedAt }) => maintainedAt !== null))
    return pace.expected?.hostsAtOnce ?? options.hosts_at_once;
  return mostAtOnce(
    visits.flatMap(({ drainingAt, emptyAt, maintainedAt }) => {
      const from = drainingAt ?? emptyAt;
      const until = maintainedAt !== null && from !== null && maintainedAt >= from ? maintainedAt : null;
      return from === null ? [] : [{ from: from.getTime(), until: until?.getTime() ?? Infinity }];
    }),
  );
}

/** What the plan says of its pace. */
export function expectedOf({ hosts }: Plan): Expected {
  const mean = (of: (visit: Plan["hosts"][number]) => number) =>
    hosts.reduce((sum, visit) => sum + of(visit), 0) / Math.max(1, hosts.length);
  return {
    hostsAtOnce: mostAtOnce(hosts.map(({ drain_start, action_end }) => ({ from: drain_start, until: action_end }))),
    drainSeconds: mean(({ drain_start, action_start }) => action_start - drain_start),
    actionSeconds: mean(({ action_start, action_end }) => action_end - action_start),
  };
}

/** The largest number of spans that overlap; at least 1. Where one ends when another begins, they do not. */
export function mostAtOnce(spans: readonly { readonly from: number; readonly until: number }[]): number {
  const changes = spans
    .flatMap(({ from, until }) => [
      { at: from, by: 1 },
      { at: until, by: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let open = 0;
  return changes.reduce((most, { by }) => Math.max(most, (open += by)), 1);
}

/** From one moment to another. */
export const seconds = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1_000;
