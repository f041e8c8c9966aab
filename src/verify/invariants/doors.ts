/**
 * I4: at the end every host the session closed is open again or named with its reason; others' closings are respected.
 * What the cloud itself closed because it is new is nobody's closing, and opened by an effect that says so.
 */
import { z } from "zod";
import { ClosureOutcome, OnHost } from "../entries.ts";
import type { History } from "../history.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeDoors(history: History): Finding {
  const { violations, add } = violationsOf("I4");
  const steps = stepsOf(history);
  const closed = new Set(steps.filter(({ does }) => does === "close").map(({ host }) => host));
  for (const { moment, report } of history.ends) {
    for (const host of closed) {
      const last = steps.findLast((step) => step.host === host && step.does !== "try" && step.number < moment.number);
      const named = report?.stillClosed.some((one) => one.host === host && one.reason !== "") ?? false;
      if (last?.does === "close" && !named)
        add(moment, host, `the session ended with ${host} closed by it, and its report does not say why`);
    }
  }
  for (const { host, does, number, adopts } of steps) {
    if (adopts) continue;
    const mine = steps.some((step) => step.host === host && step.does !== "open" && step.number < number);
    if (does === "open" && !mine) add({ number }, host, `${host} was opened, though the session had not closed it`);
  }
  return {
    invariant: "I4",
    text: `${closed.size} hosts that the session closed are open again or in its report`,
    violations,
    gap: history.ends.length === 0 ? "the session has not ended, so hosts may still be closed" : null,
  };
}

interface Step {
  readonly host: string;
  /** `try`: a closing of which nobody knows whether it was done. */
  readonly does: "close" | "open" | "try";
  readonly number: number;
  /** Whether it opens a new host that the cloud keeps closed. */
  readonly adopts: boolean;
}

const Adopting = z.object({ adopt: z.literal(true) });

function stepsOf({ effects }: History): readonly Step[] {
  const steps = effects.all.flatMap(({ kind, effect, ends: [end] }): Step[] => {
    const on = OnHost.safeParse(effect);
    if (!end || !on.success || (kind !== "close_host" && kind !== "open_host")) return [];
    const { host } = on.data;
    const { number, how } = end;
    const adopts = Adopting.safeParse(effect).success;
    const closure = ClosureOutcome.safeParse(end.outcome);
    if (kind === "open_host") return how === "done" ? [{ host, does: "open", number, adopts }] : [];
    if (how !== "done") return [{ host, does: "try", number, adopts }];
    const byOthers = closure.success && closure.data.closure === "closed_by_others";
    return byOthers ? [] : [{ host, does: "close", number, adopts }];
  });
  return steps.toSorted((a, b) => a.number - b.number);
}
