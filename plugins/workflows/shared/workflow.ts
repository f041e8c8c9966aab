/** What the workflows `default` and `vnf` are: the same states, and their own way to ask about instances. */
import { defineWorkflow } from "#sdk";
import { maintenanceComplete } from "./states/maintenance-complete.ts";
import { maintenanceDone } from "./states/maintenance-done.ts";
import { maintenanceFailed } from "./states/maintenance-failed.ts";
import { maintenance } from "./states/maintenance.ts";
import { plannedMaintenance } from "./states/planned-maintenance.ts";
import { prepareMaintenance } from "./states/prepare-maintenance.ts";
import { scaleIn } from "./states/scale-in.ts";
import { startMaintenance } from "./states/start-maintenance.ts";
import type { Asks } from "./asks.ts";
import { transitions } from "./transitions.ts";

export const rollingWorkflow = (name: string, asks: Asks) =>
  defineWorkflow({
    name,
    initial: "MAINTENANCE",
    failed: "MAINTENANCE_FAILED",
    transitions,
    steps: {
      MAINTENANCE: maintenance,
      SCALE_IN: scaleIn,
      PREPARE_MAINTENANCE: prepareMaintenance(asks),
      START_MAINTENANCE: startMaintenance,
      PLANNED_MAINTENANCE: plannedMaintenance(asks),
      MAINTENANCE_COMPLETE: maintenanceComplete,
      MAINTENANCE_DONE: maintenanceDone,
      MAINTENANCE_FAILED: maintenanceFailed,
    },
  });
