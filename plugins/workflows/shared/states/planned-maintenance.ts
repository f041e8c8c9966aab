import type { Asks } from "../asks.ts";
import { drain } from "../drain/drain.ts";
import { isParallel } from "../hosts.ts";
import { roll } from "../rolling/roll.ts";
import type { StepOf } from "../transitions.ts";

/** Empties a host into hosts that its instances need not leave again; or rolls over several at a time. */
export const plannedMaintenance =
  (asks: Asks): StepOf<"PLANNED_MAINTENANCE"> =>
  (view) =>
    isParallel(view) ? roll(view, asks) : drain(view, "PLANNED_MAINTENANCE", asks);
