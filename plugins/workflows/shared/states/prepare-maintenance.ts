import type { Asks } from "../asks.ts";
import { drain } from "../drain/drain.ts";
import type { StepOf } from "../transitions.ts";

/** Empties a host into any open hosts. */
export const prepareMaintenance =
  (asks: Asks): StepOf<"PREPARE_MAINTENANCE"> =>
  (view) =>
    drain(view, "PREPARE_MAINTENANCE", asks);
