import { windUp } from "#sdk";
import type { StepOf } from "../transitions.ts";

/** Ends with the report; a host that could not be opened before is tried once more. */
export const maintenanceDone: StepOf<"MAINTENANCE_DONE"> = windUp;
