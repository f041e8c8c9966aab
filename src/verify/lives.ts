/** Views on a history that several invariants share: moves, host actions, closed stretches, visits. */
import type { z } from "zod";
import { Action, ClosureOutcome, Move, MoveOutcome, Occupants, OnHost } from "./entries.ts";
import { type EffectEnd, type EffectLife, type Stretch, stretchOf } from "./effect-lives.ts";
import type { History } from "./history.ts";

export interface MoveLife extends z.infer<typeof Move> {
  readonly life: EffectLife;
  readonly stretch: Stretch;
  /** Where it is known to have ended; undefined while under way, when it failed, and where the journal does not tell. */
  readonly landed: string | null | undefined;
}

/** Moves that began. */
export const movesOf = ({ effects }: History): readonly MoveLife[] =>
  begun(effects.all, "move_instance").flatMap(({ life, stretch }) => {
    const move = Move.safeParse(life.effect);
    if (!move.success) return [];
    const outcome = MoveOutcome.safeParse(doneEnd(life)?.outcome);
    return [{ ...move.data, life, stretch, landed: outcome.success ? outcome.data.host : undefined }];
  });

/** Where it went, or was sent; null for an instance that is gone and for one that the scheduler has not placed yet. */
export const destinationOf = ({ landed, to }: MoveLife): string | null => (landed === undefined ? to : landed);

export interface ActionLife extends z.infer<typeof Action> {
  readonly life: EffectLife;
  readonly stretch: Stretch;
}

/** Host actions that began, or may have: those that found their host occupied and said so are not among them. */
export const actionsOf = ({ effects }: History): readonly ActionLife[] =>
  begun(effects.all, "run_action").flatMap(({ life, stretch }) => {
    const action = Action.safeParse(life.effect);
    const never = life.ends[0]?.ran === false && life.ends[0].how === "failed";
    return action.success && !never ? [{ ...action.data, life, stretch }] : [];
  });

/** Looks whether a host is empty, by the number of the entry that tells. `empty` is null where the journal does not say. */
export interface EmptyLook {
  readonly host: string;
  readonly number: number;
  readonly empty: boolean | null;
}

export const emptyLooksOf = ({ effects }: History): readonly EmptyLook[] =>
  effects.all.flatMap((life) => {
    const end = life.kind === "check_empty" ? doneEnd(life) : undefined;
    const on = OnHost.safeParse(life.effect);
    if (!end || !on.success) return [];
    const seen = Occupants.safeParse(end.outcome);
    const empty = seen.success
      ? seen.data.instances.length + seen.data.allocations.length + seen.data.arriving.length === 0
      : null;
    return [{ host: on.data.host, number: end.number, empty }];
  });

export interface Closing {
  readonly host: string;
  readonly by: "session" | "others";
  /** From the entry that says it is closed, to the one before something began to open it. */
  readonly stretch: Stretch;
}

/** When hosts were certainly closed: found so, or closed by the session. */
export function closingsOf({ effects, found }: History): readonly Closing[] {
  const closings: { host: string; by: "session" | "others"; stretch: { from: number; to: number } }[] = [];
  for (const [host, { closed }] of found)
    if (closed) closings.push({ host, by: "others", stretch: { from: 0, to: Infinity } });
  const steps = effects.all.filter(({ kind }) => kind === "close_host" || kind === "open_host");
  const events = steps.flatMap((life) => {
    const on = OnHost.safeParse(life.effect);
    const at = life.kind === "close_host" ? doneEnd(life) : life.starts[0];
    return on.success && at ? [{ host: on.data.host, life, number: at.number }] : [];
  });
  for (const { host, life, number } of events.toSorted((a, b) => a.number - b.number)) {
    const last = closings.findLast((closing) => closing.host === host && closing.stretch.to === Infinity);
    if (life.kind === "close_host") {
      const closure = ClosureOutcome.safeParse(doneEnd(life)?.outcome);
      const by = closure.success && closure.data.closure === "closed_by_others" ? "others" : "session";
      if (!last) closings.push({ host, by, stretch: { from: number, to: Infinity } });
    } else if (last) last.stretch.to = number - 1;
  }
  return closings;
}

/** A host's stay under maintenance: from IN_MAINTENANCE until it is marked otherwise, the session ends or is continued. */
export interface Visit {
  readonly host: string;
  readonly stretch: Stretch;
}

export function visitsOf({ marks, ends, continuations }: History): readonly Visit[] {
  const breaks = [...ends.map(({ moment }) => moment), ...continuations];
  return marks.flatMap(({ host, status, moment }): Visit[] => {
    if (status !== "in_maintenance") return [];
    const next = marks.find((mark) => mark.host === host && mark.moment.number > moment.number);
    const stops = [next?.moment, ...breaks].flatMap((stop) =>
      stop && stop.number > moment.number ? [stop.number] : [],
    );
    return [{ host, stretch: { from: moment.number, to: Math.min(Infinity, ...stops) } }];
  });
}

/** The end that says it was done. */
export const doneEnd = ({ ends }: EffectLife): EffectEnd | undefined => ends.find(({ how }) => how === "done");

const begun = (all: readonly EffectLife[], kind: string) =>
  all.flatMap((life) => {
    const stretch = life.kind === kind ? stretchOf(life) : null;
    return stretch ? [{ life, stretch }] : [];
  });
