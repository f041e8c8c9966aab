import { drain } from "../drain/drain.ts";
import type { StepOf } from "../transitions.ts";

/** Empties a host into hosts that its instances need not leave again. */
export const plannedMaintenance: StepOf<"PLANNED_MAINTENANCE"> = (view) => drain(view, "PLANNED_MAINTENANCE");
