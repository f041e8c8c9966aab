/** Holds workflows to what the engine relies on: a sound graph, and steps that are pure and keep to it. */
import { isDeepStrictEqual } from "node:util";
import type { Decision } from "../../domain/decision.ts";
import { subjectOf } from "../../domain/effect.ts";
import { workflowFaults } from "../../domain/plugin.ts";
import { makeView, type Snapshot } from "../../domain/view.ts";
import type { Workflow } from "../../domain/workflow.ts";
import { type Case, expected, inLines } from "./case.ts";

/** A state with the shortest way to it, both ends included. */
export interface Walked {
  readonly state: string;
  readonly way: readonly string[];
  readonly next: readonly string[];
}

/** Walks the graph from its first state, and from the failed one: each state once, near ones first. Throws for a bad graph. */
export function walk(workflow: Workflow): readonly Walked[] {
  const faults = workflowFaults(workflow);
  expected(faults.length === 0, inLines(faults));
  const { initial, failed, transitions } = workflow;
  const ways = new Map<string, readonly string[]>([
    [initial, [initial]],
    [failed, [failed]],
  ]);
  for (const [state, way] of ways)
    for (const next of transitions[state] ?? []) if (!ways.has(next)) ways.set(next, [...way, next]);
  return [...ways].map(([state, way]) => ({ state, way, next: transitions[state] ?? [] }));
}

/** The cases every workflow has to pass. Where snapshots are given, the step of each one's state is asked as well. */
export function workflowSuite(
  workflow: Workflow,
  {
    snapshots = [],
  }: {
    readonly snapshots?: readonly { readonly name: string; readonly snapshot: Snapshot; readonly now: Date }[];
  } = {},
): readonly Case[] {
  return [
    { name: "the registry takes it", run: async () => void walk(workflow) },
    { name: "a session in any state can come to an end", run: async () => everyStateEnds(workflow) },
    ...snapshots.map(({ name, snapshot, now }) => ({
      name: `${name}: decides purely and within its transitions`,
      run: async () => void decide(workflow, snapshot, now),
    })),
  ];
}

/** Asks the step of the session's state, twice. Throws unless it answers the same both times and what it may answer. */
export function decide(workflow: Workflow, snapshot: Snapshot, now: Date): Decision {
  const { state } = snapshot.entry;
  const step = workflow.steps[state];
  if (!step) throw new Error(`${workflow.name} has no state ${state}`);
  const seen = structuredClone(snapshot);
  const decision = step(makeView(snapshot, now));
  expected(isDeepStrictEqual(snapshot, seen), `the step of ${state} changed what it was shown`);
  const again = step(makeView(structuredClone(snapshot), new Date(now)));
  expected(isDeepStrictEqual(decision, again), `the step of ${state} decides differently when asked again`);
  complain(workflow, snapshot, decision, now);
  return decision;
}

/** As the engine does for a running session, which then fails. */
function complain(workflow: Workflow, snapshot: Snapshot, decision: Decision, now: Date): void {
  const { state } = snapshot.entry;
  const view = makeView(snapshot, now);
  switch (decision.kind) {
    case "enter": {
      const allowed = [...(workflow.transitions[state] ?? []), workflow.failed];
      return expected(allowed.includes(decision.state), `${state} may not lead to ${decision.state}`);
    }
    case "perform": {
      const isNew = decision.effects.some((effect) => !view.effect(effect.kind, subjectOf(effect)));
      return expected(isNew, `${state} asks for nothing new (${decision.why})`);
    }
    case "wait":
      return expected(decision.until > now || view.underWay.length > 0, `${state} waits for a moment that has passed`);
    case "end":
      return expected(view.underWay.length === 0, `${state} ends while effects are under way`);
    case "fail":
      return;
  }
}

/** From every state there must be a way to one that leads nowhere on: there the session ends. */
function everyStateEnds(workflow: Workflow): void {
  const walked = walk(workflow);
  const ending = new Set(walked.filter(({ next }) => next.length === 0).map(({ state }) => state));
  for (let size = -1; size < ending.size;) {
    size = ending.size;
    for (const { state, next } of walked) if (next.some((one) => ending.has(one))) ending.add(state);
  }
  const lost = walked.filter(({ state }) => !ending.has(state)).map(({ state }) => state);
  expected(lost.length === 0, `no way leads from ${lost.join(", ")} to a last state`);
}
