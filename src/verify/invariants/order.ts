/** I11 and I13: one decision after another, each change in exactly one entry, numbers without a gap. */
import type { History } from "../history.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeOrder(history: History): readonly Finding[] {
  return [judgeDecisions(history), judgeEntries(history)];
}

/** Entries that only a decision writes. */
const DECISIONS = new Set([
  "state_entered",
  "effect_recorded",
  "project_asked",
  "project_told",
  "host_marked",
  "session_failed",
  "waiting",
]);

function judgeDecisions({ entries, states, effects, ends, continuations }: History): Finding {
  const { violations, add } = violationsOf("I11");
  for (const [index, { state, from, moment }] of states.entries()) {
    const before = states[index - 1]?.state;
    if (from !== null && before !== undefined && from !== before)
      add(moment, null, `${state} was entered from ${from}, while the session stood in ${before}`);
  }
  for (const { starts, ends: told, kind, subject } of effects.all) {
    for (const end of told) {
      const newest = starts.findLast(({ number }) => number < end.number);
      if (newest && newest.attempt !== end.attempt)
        add(end, subject, `try ${end.attempt} of ${kind} told its end, though try ${newest.attempt} had begun`);
    }
  }
  for (const { moment } of ends) {
    const on = continuations.find(({ number }) => number > moment.number)?.number ?? Infinity;
    const late = entries.find(({ number, kind }) => number > moment.number && number < on && DECISIONS.has(kind));
    if (late) add(late, late.subject, `decided after the session had ended: ${late.text}`);
  }
  return {
    invariant: "I11",
    text: `${states.length} stays in states follow each other, no late worker wrote`,
    violations,
    gap: null,
  };
}

function judgeEntries({ entries, effects, created }: History): Finding {
  const { violations, add } = violationsOf("I13");
  if (!created) add(entries[0] ?? { number: 0 }, null, "the journal does not begin with the creation of the session");
  for (const [index, { number }] of entries.entries())
    if (number !== index + 1) {
      add({ number }, null, `entry ${index + 1} of the journal has the number ${number}`);
      break; // All that follow are shifted by the same.
    }
  for (const entry of effects.doubled) add(entry, entry.subject, `recorded twice: ${entry.text}`);
  for (const entry of effects.orphans) add(entry, entry.subject, `nobody recorded what this is about: ${entry.text}`);
  for (const { kind, subject, starts, ends } of effects.all) {
    const [end, again] = ends;
    if (again) add(again, subject, `${kind} ended twice`);
    if (end && !starts.some(({ number }) => number < end.number))
      add(end, subject, `${kind} ended without having begun`);
    const late = end && starts.find(({ number }) => number > end.number);
    if (late) add(late, subject, `${kind} began again after its end`);
  }
  return {
    invariant: "I13",
    text: `${entries.length} entries are numbered without a gap, ${effects.all.length} effects recorded and ended once`,
    violations,
    gap: null,
  };
}
