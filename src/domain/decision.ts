/** What a step decides. One decision per turn; each says why, for the operator who reads the timeline. */
import type { Effect } from "./effect.ts";
import type { Failure, Report } from "./session.ts";

export type Decision<State extends string = string> =
  | { readonly kind: "enter"; readonly state: State; readonly why: string }
  /** The step is asked again at once, and whenever one of the effects has ended. */
  | { readonly kind: "perform"; readonly effects: readonly Effect[]; readonly why: string }
  /** The step is asked again when something happened, at the latest at `until`. */
  | { readonly kind: "wait"; readonly for: string; readonly until: Date }
  | ({ readonly kind: "fail" } & Failure)
  /** The session is over: nothing is under way, every host is as it should be or named in the report. */
  | { readonly kind: "end"; readonly report: Report };

export const enter = <State extends string>(state: State, why: string): Decision<State> => ({
  kind: "enter",
  state,
  why,
});
export const perform = (effects: readonly Effect[], why: string): Decision<never> => ({
  kind: "perform",
  effects,
  why,
});
export const wait = (what: string, until: Date): Decision<never> => ({ kind: "wait", for: what, until });
export const fail = (reason: string, advice: string): Decision<never> => ({ kind: "fail", reason, advice });
export const end = (report: Report): Decision<never> => ({ kind: "end", report });
