/** The knobs of the lab's simulated hypervisor. `OS_LAB` is the folder of the lab's scripts; without it there are none. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type FailurePoint =
  | "check_can_live_migrate_destination"
  | "pre_live_migration"
  | "live_migration"
  | "migrate_disk_and_power_off"
  | "finish_migration"
  | "confirm_migration";

export interface HostKnobs {
  readonly live_migrate_seconds?: number;
  readonly cold_migrate_seconds?: number;
  readonly spawn_seconds?: number;
  readonly fail?: Partial<
    Record<FailurePoint, { readonly times?: number; readonly instances?: readonly string[]; readonly soft?: boolean }>
  >;
}

export interface Lab {
  set(host: string, knobs: HostKnobs): Promise<void>;
  clear(host: string): Promise<void>;
  /** A power cut. Nova notices after its service_down_time. */
  crash(host: string): Promise<void>;
  /** Back with its servers; one of a new name is a new host. */
  start(host: string): Promise<void>;
  stop(host: string): Promise<void>;
}

export function openLab(folder: string): Lab {
  const host = async (...args: string[]): Promise<void> => void (await run(join(folder, "host"), args));
  return {
    set: (name, knobs) => host("set", name, JSON.stringify(knobs)),
    clear: (name) => host("clear", name),
    crash: (name) => host("crash", name),
    start: (name) => host("start", name),
    stop: (name) => host("stop", name),
  };
}
