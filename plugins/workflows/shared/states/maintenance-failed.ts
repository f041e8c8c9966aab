import { windUp } from "#sdk";
import type { StepOf } from "../transitions.ts";

/** Lets what is running come to its end, opens the hosts, and ends with the report. */
export const maintenanceFailed: StepOf<"MAINTENANCE_FAILED"> = windUp;
