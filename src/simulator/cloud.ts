/** A simulated cloud, in the hands of the test or the program that runs it. */
import { buildWorld, type CloudOptions } from "./build-world.ts";
import { addHost, comeBack, crash, removeHost, updateService, type HostSpec } from "./hosts.ts";
import { identity, type Identity } from "./identity.ts";
import { checkInvariants, type InvariantOptions, type Violation } from "./invariants.ts";
import { leaveAllocation } from "./migrations.ts";
import type { MoveEffect, MoveFault } from "./move-faults.ts";
import { requestFaults, type RequestFaults } from "./request-faults.ts";
import { Refusal } from "./refusal.ts";
import { tenant, type Tenant } from "./tenant.ts";
import type { TruthLog } from "./truth-log.ts";
import { hostNamed, type Host, type Instance, type World } from "./world.ts";

export interface SimulatedCloud {
  readonly world: World;
  readonly log: TruthLog;
  readonly identity: Identity;
  readonly requestFaults: RequestFaults;
  host(name: string): Host;
  /** By id or by name, where the name is unique. */
  instance(idOrName: string): Instance;
  asTenant(project: string): Tenant;
  /** Makes the next moves fail, hang or land elsewhere; once unless `times` says more. */
  failMoves(
    fault: Omit<MoveFault, "times" | "effect"> & { readonly times?: number; readonly effect: MoveEffect },
  ): void;
  clearFaults(): void;
  crash(host: string): void;
  comeBack(host: string): void;
  /** What a crash in mid-move leaves: a migration that ended in error still holds a place of the instance's size there. */
  leaveAllocation(instance: string, host: string): void;
  addHost(spec: HostSpec): void;
  removeHost(host: string): void;
  /** As somebody other than Fenix would, before or during a session. */
  disable(host: string, reason?: string): void;
  enable(host: string): void;
  checkInvariants(options?: InvariantOptions): readonly Violation[];
}

export function simulatedCloud(options: CloudOptions): SimulatedCloud {
  const world = buildWorld(options);
  const { clock, log } = world;
  const faults = requestFaults(clock);
  const instance = (idOrName: string): Instance => {
    const found = world.instancesById.get(idOrName) ?? world.instances.find(({ name }) => name === idOrName);
    if (found === undefined) throw new Refusal(404, `no instance ${idOrName}`);
    return found;
  };
  return {
    world,
    log,
    identity: identity(world),
    requestFaults: faults,
    host: (name) => hostNamed(world, name),
    instance,
    asTenant: (project) => tenant(world, project),
    failMoves: ({ times = 1, ...fault }) => void world.moveFaults.push({ ...fault, times }),
    clearFaults() {
      world.moveFaults.length = 0;
      faults.clear();
    },
    crash: (host) => crash(world, host),
    comeBack: (host) => comeBack(world, host),
    leaveAllocation: (idOrName, host) => leaveAllocation(world, instance(idOrName), hostNamed(world, host)),
    addHost: (spec) => void addHost(world, spec),
    removeHost: (host) => removeHost(world, host),
    disable: (host, reason) =>
      updateService(world, hostNamed(world, host).service, { disabled: true, reason }, "somebody"),
    enable: (host) => updateService(world, hostNamed(world, host).service, { disabled: false }, "somebody"),
    checkInvariants: (checked) => checkInvariants(world, checked),
  };
}
