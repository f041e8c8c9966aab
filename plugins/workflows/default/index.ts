import { defineWorkflow } from "#sdk";
import { maintenanceComplete } from "./states/maintenance-complete.ts";
import { maintenanceDone } from "./states/maintenance-done.ts";
import { maintenanceFailed } from "./states/maintenance-failed.ts";
import { maintenance } from "./states/maintenance.ts";
import { plannedMaintenance } from "./states/planned-maintenance.ts";
import { prepareMaintenance } from "./states/prepare-maintenance.ts";
import { scaleIn } from "./states/scale-in.ts";
import { startMaintenance } from "./states/start-maintenance.ts";
import { transitions } from "./transitions.ts";

export default defineWorkflow({
  name: "default",
  initial: "MAINTENANCE",
  failed: "MAINTENANCE_FAILED",
  transitions,
  steps: {
    MAINTENANCE: maintenance,
    SCALE_IN: scaleIn,
    PREPARE_MAINTENANCE: prepareMaintenance,
    START_MAINTENANCE: startMaintenance,
    PLANNED_MAINTENANCE: plannedMaintenance,
    MAINTENANCE_COMPLETE: maintenanceComplete,
    MAINTENANCE_DONE: maintenanceDone,
    MAINTENANCE_FAILED: maintenanceFailed,
  },
});
