/**
 * Plays a whole session in memory: the workflow decides, a world that the author writes answers, and time passes only
 * where the workflow waits. No store, no queue and no cloud, so a session takes milliseconds.
 */
import type { CloudFacts } from "../../domain/cloud.ts";
import type { Decision } from "../../domain/decision.ts";
import {
  type Effect,
  type EffectStatus,
  isPerformed,
  type Outcomes,
  type PerformedEffect,
  subjectOf,
} from "../../domain/effect.ts";
import { HostName } from "../../domain/ids.ts";
import type { Question, Reply } from "../../domain/question.ts";
import type { Report, SessionHost } from "../../domain/session.ts";
import type { Snapshot } from "../../domain/view.ts";
import type { Workflow } from "../../domain/workflow.ts";
import { NOON } from "./snapshot.ts";
import { decide } from "./workflow.ts";

/** How the world answers. What is left out goes well: doors move, hosts are empty, actions succeed, projects say yes. */
export interface World {
  /** What a look at the cloud shows. */
  readonly facts?: CloudFacts;
  /** How an effect ends: a text says why it failed, an outcome replaces the plain one, undefined leaves it to that. */
  readonly answer?: (effect: PerformedEffect) => string | Outcomes[PerformedEffect["kind"]] | undefined;
  /** Null: the project stays silent. */
  readonly reply?: (question: Question) => Reply | null;
}

export interface Rehearsal {
  /** One line for everything that happened: `MAINTENANCE: …`, `close_host compute-1: done`, `waits for …`. */
  readonly timeline: readonly string[];
  readonly report: Report;
  /** The session as it stood at its end. */
  readonly last: Snapshot;
}

/** A session that takes more turns is taken for one that goes in circles. */
const TURNS_MAX = 1_000;

/** Plays from `start` (see `aSnapshot`) to the end. Throws when the workflow breaks a rule or never ends. */
export function rehearse(workflow: Workflow, start: Snapshot, world: World = {}): Rehearsal {
  const entry = { ...start.entry, state: workflow.initial };
  let session: Snapshot = { ...start, entry, entries: [entry] };
  let now = NOON;
  const timeline: string[] = [];
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const decision = decide(workflow, session, now);
    timeline.push(...told(decision));
    if (decision.kind === "end") return { timeline, report: decision.report, last: session };
    if (decision.kind === "wait") now = decision.until;
    session = after(decision, session, { workflow, world, now, timeline });
  }
  throw new Error(`no end after ${TURNS_MAX} turns:\n${timeline.slice(-10).join("\n")}`);
}

function told(decision: Decision): string[] {
  switch (decision.kind) {
    case "enter":
      return [`${decision.state}: ${decision.why}`];
    case "wait":
      return [`waits for ${decision.for}`];
    case "fail":
      return [`failed: ${decision.reason}`];
    case "end":
      return ["ended"];
    case "perform":
      return []; // Each effect has its own line.
  }
}

interface Playing {
  readonly workflow: Workflow;
  readonly world: World;
  readonly now: Date;
  readonly timeline: string[];
}

function after(decision: Exclude<Decision, { kind: "end" }>, session: Snapshot, playing: Playing): Snapshot {
  const { workflow, now } = playing;
  switch (decision.kind) {
    case "wait":
      return session;
    case "enter":
      return entered(session, decision.state, now);
    case "fail":
      return entered({ ...session, failure: decision }, workflow.failed, now);
    case "perform":
      return decision.effects.reduce((so, effect) => performed(so, effect, playing), session);
  }
}

/** Effects and questions belong to one entry, so a new one begins with none. */
function entered(session: Snapshot, state: string, since: Date): Snapshot {
  const entry = { state, number: session.entry.number + 1, since };
  return { ...session, entry, entries: [...session.entries, entry], effects: [], questions: [] };
}

function performed(session: Snapshot, effect: Effect, { world, now, timeline }: Playing): Snapshot {
  const name = `${effect.kind} ${subjectOf(effect)}`;
  const { number } = session.entry;
  if (session.effects.some((one) => one.effect.kind === effect.kind && subjectOf(one.effect) === subjectOf(effect)))
    return session; // Naming an effect again asks for nothing new.
  const status: EffectStatus = isPerformed(effect)
    ? ended(effect, world, now)
    : { kind: "done", at: now, outcome: null };
  timeline.push(status.kind === "failed" ? `${name}: failed: ${status.reason}` : name);
  const recorded = { ...session, effects: [...session.effects, { effect, status, recordedAt: now, entry: number }] };
  return status.kind === "done" ? withConsequences(recorded, effect, status, world) : recorded;
}

function ended(effect: PerformedEffect, world: World, at: Date): EffectStatus & { kind: "done" | "failed" } {
  const answer = world.answer?.(effect);
  if (typeof answer === "string") return { kind: "failed", at, reason: answer };
  return { kind: "done", at, outcome: answer === undefined ? plainOutcome(effect) : answer };
}

function plainOutcome(effect: PerformedEffect): Outcomes[PerformedEffect["kind"]] {
  switch (effect.kind) {
    case "observe":
      return null;
    case "close_host":
      return { closure: "closed_by_session" };
    case "open_host":
      return { closure: "open", leftClosed: null };
    case "check_empty":
      return { instances: [], allocations: [], arriving: [] };
    case "move_instance":
      return { host: effect.to ?? HostName.parse("wherever"), seconds: 1 };
    case "run_action":
      return { output: "" };
  }
}

function withConsequences(session: Snapshot, effect: Effect, { outcome }: Done, world: World): Snapshot {
  const change = (host: HostName, changes: Partial<SessionHost>): Snapshot => ({
    ...session,
    hosts: session.hosts.map((one) => (one.name === host ? { ...one, ...changes } : one)),
  });
  switch (effect.kind) {
    case "observe":
      return { ...session, facts: world.facts ?? session.facts };
    case "close_host":
    case "open_host":
      return change(effect.host, { closure: (outcome as Outcomes["close_host"]).closure });
    case "mark_host":
      return change(effect.host, { status: effect.status });
    case "move_instance":
      return moved(session, effect.instance, (outcome as Outcomes["move_instance"]).host);
    case "ask":
      return {
        ...session,
        questions: [...session.questions, { ...effect.question, reply: replyTo(effect.question, world) }],
      };
    case "check_empty":
    case "run_action":
    case "tell_moved":
      return session;
  }
}
type Done = EffectStatus & { kind: "done" };

function moved(session: Snapshot, id: string, host: HostName | null): Snapshot {
  const move = <One extends { readonly id: string }>(one: One): One => (one.id === id ? { ...one, host } : one);
  const facts = session.facts && { ...session.facts, instances: session.facts.instances.map(move) };
  return { ...session, facts, instances: session.instances.map(move) };
}

function replyTo(question: Question, { reply }: World): Reply | null {
  if (reply) return reply(question);
  const [action] = question.allowedActions;
  const actions = new Map(action === undefined ? [] : question.instances.map((instance) => [instance, action]));
  return { answer: "ACK", actions, reason: null, retryAt: null, at: NOON };
}
