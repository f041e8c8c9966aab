/** Moves a session on: turn after turn until it waits. Nothing outside the store changes here. */
import type { SessionId } from "../domain/ids.ts";
import { makeView } from "../domain/view.ts";
import type { Clock } from "../ports/clock.ts";
import type { Plugins } from "../ports/plugins.ts";
import type { Recorded, Sessions } from "../ports/sessions.ts";
import type { Wakes } from "../ports/wakes.ts";
import { decide, REMOVED } from "./decide.ts";
import { foretold } from "./foretell.ts";
import { heldToPlan } from "./held-to-plan.ts";
import { changesOf } from "./turn.ts";

export interface Engine {
  readonly sessions: Sessions;
  readonly plugins: Plugins;
  readonly wakes: Wakes;
  readonly clock: Clock;
}

/** A session that takes more turns in a row than this lets others go first. */
const TURNS_IN_A_ROW = 50;

export async function advance(id: SessionId, engine: Engine): Promise<void> {
  for (let turn = 0; turn < TURNS_IN_A_ROW; turn++) {
    const recorded = await takeTurn(id, engine);
    if (!recorded) return; // Not due any more, or another worker has it.
    if (recorded.effects.length > 0) await engine.wakes.effects(recorded.effects);
    if (recorded.receivers.length > 0) await engine.wakes.receivers(recorded.receivers);
  }
  await engine.wakes.session(id);
}

/** One turn: look, decide, record. Null when the session is not ours to move. */
async function takeTurn(id: SessionId, { sessions, plugins, clock }: Engine): Promise<Recorded | null> {
  let recorded: Recorded | null = null;
  await sessions.inTurn(id, clock.now(), async (open) => {
    const view = makeView(await open.snapshot(), clock.now());
    const workflow = plugins.workflow(view.session.workflow);
    const decided = decide(view, workflow, open.removed);
    const decision = open.removed ? decided : await heldToPlan(view, decided, () => open.plannedCloud());
    const changes = await foretold(view, changesOf(view, decision, workflow?.failed ?? view.entry.state), () =>
      open.pace(),
    );
    recorded = await open.record(
      decision.kind === "enter" && decision.state === REMOVED ? { ...changes, cancelPending: true } : changes,
    );
  });
  return recorded;
}
