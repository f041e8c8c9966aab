import { defineWorkflow, enter, fail, LOCALHOST, wait } from "#sdk";
import { look } from "../shared/hold.ts";
import { runActions } from "../shared/host-actions.ts";
import { maintenanceComplete } from "../shared/states/maintenance-complete.ts";
import { maintenanceDone } from "../shared/states/maintenance-done.ts";
import { maintenanceFailed } from "../shared/states/maintenance-failed.ts";
import { prepareHosts } from "./prepare-hosts.ts";
import { type StepOf, transitions } from "./transitions.ts";

const begin: StepOf<"MAINTENANCE"> = (view) => {
  const { maintenanceAt } = view.session;
  // It also finds the hosts of a session that was made while the cloud did not answer.
  const start = look(view, "start", "to find the new hosts");
  if (start.kind !== "seen") return start;
  if (view.now < maintenanceAt) return wait("the time to begin", maintenanceAt);
  const pre = runActions(view, LOCALHOST, ["pre"]);
  if (pre) return pre.kind === "trouble" ? fail(pre.reason, pre.advice) : pre;
  return enter("START_MAINTENANCE", "the time has come");
};

export default defineWorkflow({
  name: "add-hosts",
  initial: "MAINTENANCE",
  failed: "MAINTENANCE_FAILED",
  hosts: "named",
  transitions,
  steps: {
    MAINTENANCE: begin,
    START_MAINTENANCE: prepareHosts,
    MAINTENANCE_COMPLETE: maintenanceComplete,
    MAINTENANCE_DONE: maintenanceDone,
    MAINTENANCE_FAILED: maintenanceFailed,
  },
});
