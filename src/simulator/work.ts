/** Work takes time, and a host to do it. */
import { Refusal } from "./refusal.ts";
import { duration, type Host, type Instance, type Times, type VmState, type World } from "./world.ts";

/** Refuses with Nova's words what cannot be done to an instance in its present state. */
export function demandState(instance: Instance, action: string, vmStates: readonly VmState[]): void {
  const cannot = `Cannot '${action}' instance ${instance.id} while it is in`;
  if (!vmStates.includes(instance.vmState)) throw new Refusal(409, `${cannot} vm_state ${instance.vmState}`);
  if (instance.taskState !== null) throw new Refusal(409, `${cannot} task_state ${instance.taskState}`);
}

/** Sets a step of work for a while from now. It waits for `worker` if that host is dead by then. */
export function later(
  world: World,
  instance: Instance,
  work: Exclude<keyof Times, "jitter">,
  worker: Host | null,
  step: () => void,
): void {
  instance.pending = world.clock.after(duration(world, work), () => {
    instance.pending = null;
    if (worker === null || worker.service.diedAt === null) step();
    else park(instance, worker, step);
  });
}

export function park(instance: Instance, worker: Host, step: () => void): void {
  const resume = (): void => {
    instance.pending = null;
    step();
  };
  worker.parked.push(resume);
  instance.pending = () => {
    const place = worker.parked.indexOf(resume);
    if (place !== -1) worker.parked.splice(place, 1);
  };
}

export function stopWorkOn(instance: Instance): void {
  instance.pending?.();
  instance.pending = null;
}
