/** Asks the projects for an action for each of their instances on the host. */
import { type CloudFacts, type CloudInstance, perform, type SessionHost, type View } from "#sdk";
import { type Asks, newestAbout, ROUNDS_MAX, timesAsked, untilRetry } from "../asks.ts";
import { failFor, untilAnswered, unwilling } from "../consent.ts";
import type { Hold } from "../hold.ts";
import { skip } from "../hosts.ts";
import { budgetsOf } from "./budgets.ts";
import type { DrainState } from "./drain.ts";
import { untilMovesEnd } from "./moves.ts";
import { giveUp } from "./settle-host.ts";
import { inTheirTurn, unaskedAmong } from "./turns.ts";

/** Null when it is known for every instance what shall happen to it, or a policy says so, or its turn has not come. */
export function negotiate(
  view: View,
  facts: CloudFacts,
  there: readonly CloudInstance[],
  host: SessionHost,
  state: DrainState,
  asks: Asks,
): Hold | null {
  const projects = [...new Set(there.map(({ project }) => project))].toSorted();
  const unwillings = unwilling(view, projects);
  const failing = failFor(unwillings);
  if (failing) return failing;
  const stubborn = unwillings.filter(({ policy }) => policy === "skip_host");
  if (stubborn.length > 0)
    return untilMovesEnd(view, host.name) ?? skip(view, [host], stubborn.map(({ why }) => why).join("; "));

  const unasked = inTheirTurn(view, unaskedAmong(view, there), budgetsOf(view, facts));
  const newest = newestAbout(view);
  if (unasked.length === 0)
    return (
      untilAnswered(view) ??
      untilRetry(
        view,
        there.flatMap(({ id }) => newest.get(id) ?? []),
      )
    );
  if (projects.some((project) => timesAsked(view, project) >= ROUNDS_MAX)) {
    const names = unasked.map(({ name }) => name).join(", ");
    return (
      untilMovesEnd(view, host.name) ??
      giveUp(
        view,
        host,
        `instances keep appearing on ${host.name} although it is closed: ${names}`,
        "Find out who starts them there.",
      )
    );
  }
  return perform(asks(view, state, unasked), `each project says what shall happen to its instances on ${host.name}`);
}
