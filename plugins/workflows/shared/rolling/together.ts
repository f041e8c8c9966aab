/** What several hosts want at one moment, as one decision. */
import { type Effect, perform, subjectOf, wait } from "#sdk";
import type { Hold } from "../hold.ts";

/** So many reasons are told, the rest is counted: a reason is read by a person. */
const TOLD = 3;

/** The first failure ends all; else whatever can begin begins; else all wait for what comes first. Null: nobody wants anything. */
export function together(holds: readonly Hold[]): Hold | null {
  const failure = holds.find(({ kind }) => kind === "fail");
  if (failure) return failure;
  const performs = holds.filter((hold) => hold.kind === "perform");
  if (performs.length > 0) {
    // Several hosts may want the same look at the cloud.
    const effects = new Map<string, Effect>();
    for (const effect of performs.flatMap((hold) => hold.effects))
      effects.set(`${effect.kind} ${subjectOf(effect)}`, effect);
    return perform([...effects.values()], inWords(performs.map(({ why }) => why)));
  }
  const waits = holds.filter((hold) => hold.kind === "wait");
  const [first] = waits;
  if (!first) return null;
  const until = waits.reduce((earliest, hold) => (hold.until < earliest ? hold.until : earliest), first.until);
  return wait(inWords(waits.map((hold) => hold.for)), until);
}

function inWords(reasons: readonly string[]): string {
  const distinct = [...new Set(reasons)];
  const rest = distinct.length > TOLD ? `; and ${distinct.length - TOLD} more` : "";
  return distinct.slice(0, TOLD).join("; ") + rest;
}
