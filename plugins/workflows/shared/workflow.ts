/** What the workflows `default`, `vnf` and `retire-hosts` are: the same states, and their own way to ask and to end. */
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
import type { AskedForRoom } from "./room.ts";
import { transitions } from "./transitions.ts";
import { giveBack, type Visit, visitThen } from "./visit.ts";

interface Rolling {
  readonly name: string;
  readonly asks: Asks;
  readonly asksForRoom: AskedForRoom;
  /** What becomes of a host once its actions are done; without it, the host is given back. */
  readonly afterwards?: Visit;
  readonly hosts?: "named";
}

export const rollingWorkflow = ({ name, asks, asksForRoom, afterwards = giveBack, ...rest }: Rolling) => {
  const visit = visitThen(afterwards);
  return defineWorkflow({
    name,
    ...rest,
    initial: "MAINTENANCE",
    failed: "MAINTENANCE_FAILED",
    transitions,
    steps: {
      MAINTENANCE: maintenance,
      SCALE_IN: scaleIn(asksForRoom),
      PREPARE_MAINTENANCE: prepareMaintenance(asks),
      START_MAINTENANCE: startMaintenance(visit),
      PLANNED_MAINTENANCE: plannedMaintenance(asks, visit),
      MAINTENANCE_COMPLETE: maintenanceComplete,
      MAINTENANCE_DONE: maintenanceDone,
      MAINTENANCE_FAILED: maintenanceFailed,
    },
  });
};
