/** How fast a session goes: by its own measured times, by its plan before, and by assumptions where there is none. */
import type { HostName } from "../../domain/ids.ts";
import { isCompute, type SessionHost, type SessionOptions } from "../../domain/session.ts";
import type { Plan } from "../format/plan.ts";

/** The newest marks of one host: when its drain began, when it was empty, when it was done. Null where it never was. */
export interface Visit {
  readonly drainingAt: Date | null;
  readonly emptyAt: Date | null;
  readonly maintainedAt: Date | null;
  /** How many moves off it have ended well. */
  readonly moves: number;
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

/** What is over time may end at any moment, and what was quick so far will not take no time: a tenth of the usual. */
export const LEFT_MIN = 0.1;

export function drainPacing({ pace, instances, options }: Progress, left: readonly SessionHost[]): Pacing {
  const { visits, moves, expected } = pace;
  const computes = new Set(left.filter(isCompute).map(({ name }) => name));
  const there = instances.filter(({ host }) => host !== null && computes.has(host)).length;
  const each = there / Math.max(1, computes.size);
  const secondsFor = (moved: number, move: number) => (moved * move) / options.moves_at_once;
  const drained = [...visits.values()].flatMap(({ drainingAt, emptyAt, moves }) =>
    between(drainingAt, emptyAt).map((took) => ({ took, moves })),
  );
  if (drained.length > 0) {
    // Hosts with few instances go first, so those that are left have more to move.
    const more = each - meanOf(drained.map(({ moves }) => moves));
    const pacing = pacingOf(drained.map(({ took }) => took));
    const corrected = pacing.seconds + secondsFor(more, moves.meanSeconds);
    return { ...pacing, seconds: Math.max(LEFT_MIN * pacing.seconds, corrected) };
  }
  if (moves.count > 0) return unmeasured(secondsFor(each, moves.meanSeconds), "moves");
  return expected === null
    ? unmeasured(secondsFor(each, MOVE_SECONDS), "assumed")
    : unmeasured(expected.drainSeconds, "plan");
}

/** Controllers and others have actions of their own, so hosts tell only of their like. */
export function actionPacing(
  { pace: { visits, expected }, hosts }: Progress,
  like: (host: SessionHost) => boolean,
): Pacing {
  const measured = hosts.filter(like).flatMap(({ name }) => {
    const visit = visits.get(name);
    return visit === undefined ? [] : between(visit.emptyAt, visit.maintainedAt);
  });
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
  const mean = meanOf(measured);
  const squares = measured.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const relative = mean === 0 ? 0 : squares / mean ** 2;
  const spread = Math.sqrt((relative + SPREAD_WEIGHT * SPREAD ** 2) / (count + SPREAD_WEIGHT));
  return { seconds: mean, spread, count, basis: "measured" };
}

/**
 * How many hosts were away together on average, once one has come back: groups and room allow the largest number only now
 * and then. Before, what was planned or is allowed. Hosts that need not be drained go one after another and tell nothing.
 */
export function hostsAtOnceOf({ pace, options, now }: Progress): number {
  const spans = [...pace.visits.values()].flatMap(({ drainingAt: from, maintainedAt: until }) => {
    if (from === null) return [];
    const isBack = until !== null && until >= from;
    return [{ from: from.getTime(), until: (isBack ? until : now).getTime(), isBack }];
  });
  if (!spans.some(({ isBack }) => isBack)) return pace.expected?.hostsAtOnce ?? options.hosts_at_once;
  return Math.max(1, Math.round(meanAtOnce(spans)));
}

interface Span {
  readonly from: number;
  readonly until: number;
}

/** Of spans that lie over each other: how many did on average, while any did. */
function meanAtOnce(spans: readonly Span[]): number {
  let [covered, end] = [0, -Infinity];
  for (const { from, until } of spans.toSorted((a, b) => a.from - b.from)) {
    covered += Math.max(0, until - Math.max(from, end));
    end = Math.max(end, until);
  }
  const sum = spans.reduce((total, { from, until }) => total + until - from, 0);
  return covered === 0 ? spans.length : sum / covered;
}

/** What the plan says of its pace. */
export function expectedOf({ hosts }: Plan): Expected {
  const mean = (of: (visit: Plan["hosts"][number]) => number) => meanOf(hosts.map(of));
  return {
    hostsAtOnce: mostAtOnce(hosts.map(({ drain_start, action_end }) => ({ from: drain_start, until: action_end }))),
    drainSeconds: mean(({ drain_start, action_start }) => action_start - drain_start),
    actionSeconds: mean(({ action_start, action_end }) => action_end - action_start),
  };
}

/** The largest number of spans that overlap; at least 1. Where one ends when another begins, they do not. */
export function mostAtOnce(spans: readonly Span[]): number {
  const changes = spans
    .flatMap(({ from, until }) => [
      { at: from, by: 1 },
      { at: until, by: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let open = 0;
  return changes.reduce((most, { by }) => Math.max(most, (open += by)), 1);
}

/** Of none it is 0. */
const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);

/** From one moment to another. */
export const seconds = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1_000;
