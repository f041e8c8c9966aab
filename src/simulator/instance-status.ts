import type { Instance, VmState } from "./world.ts";

type States = Pick<Instance, "vmState" | "taskState">;

/** The one word Nova's API shows for the two states it keeps. */
export function statusOf({ vmState, taskState }: States): string {
  if (taskState !== null) {
    const word = byTask[taskState];
    if (word !== undefined && vmState !== "error" && vmState !== "deleted") return word;
  }
  return byVmState[vmState];
}

export function powerStateOf({ vmState, oldVmState }: Pick<Instance, "vmState" | "oldVmState">): number {
  const state = vmState === "resized" ? oldVmState : vmState;
  if (state === "active") return running;
  if (state === "paused") return 3;
  return state === "stopped" ? 4 : 0;
}

const running = 1;

const byVmState: Record<VmState, string> = {
  building: "BUILD",
  active: "ACTIVE",
  paused: "PAUSED",
  stopped: "SHUTOFF",
  resized: "VERIFY_RESIZE",
  error: "ERROR",
  deleted: "DELETED",
};

const byTask: Readonly<Record<string, string>> = {
  resize_prep: "RESIZE",
  resize_migrating: "RESIZE",
  resize_migrated: "RESIZE",
  resize_finish: "RESIZE",
  resize_reverting: "REVERT_RESIZE",
  migrating: "MIGRATING",
  reboot_started_hard: "HARD_REBOOT",
  rebuilding: "REBUILD",
  rebuild_spawning: "REBUILD",
};
