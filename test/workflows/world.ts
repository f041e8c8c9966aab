/**
 * A cloud in memory for whole sessions of a workflow: hosts, instances, and what effects do to them. It holds the
 * workflow to the invariants: every breach is kept in `breaches`, and a test expects none.
 */
import type { CloudFacts, CloudInstance, ComputeHost, Occupants, ServerGroup } from "../../src/domain/cloud.ts";
import type { MoveInstance, RunAction } from "../../src/domain/effect.ts";
import type { HostName, InstanceId } from "../../src/domain/ids.ts";
import { add, fits, type Resources } from "../../src/domain/resources.ts";
import type { Closure } from "../../src/domain/session.ts";
import { fitAway } from "../../src/planner/fit.ts";
import { aCloud } from "../planner/cloud.ts";

const OURS = "closed by the session";
/** Written by the cloud itself, where new hosts begin closed. */
export const NEW = "a new host";

export class World {
  computes: ComputeHost[];
  instances: CloudInstance[];
  groups: ServerGroup[];
  readonly controllers: readonly HostName[];
  /** Consumers that Placement has not forgotten. */
  readonly ghosts = new Map<HostName, string[]>();
  /** Consumers that Placement keeps for instances that are elsewhere: they can be put right. */
  readonly stale = new Map<HostName, string[]>();
  readonly moving = new Map<InstanceId, HostName>();
  readonly breaches: string[] = [];
  /** Something was done behind the session's back since it last looked: what it decides now may rest on old facts. */
  surprised = false;
  /** When that happened last, in seconds. */
  surprisedAt: number | null = null;

  constructor(sketch: Parameters<typeof aCloud>[0]) {
    const facts = aCloud(sketch);
    this.computes = [...facts.computes];
    this.instances = [...facts.instances];
    this.groups = [...facts.groups];
    this.controllers = facts.controllers;
  }

  facts(): CloudFacts {
    const computes = this.computes.map((host) => ({ ...host, used: this.#used(host.name) }));
    const { controllers } = this;
    return structuredClone({ computes, controllers, instances: this.instances, groups: this.groups });
  }

  on(host: string): readonly CloudInstance[] {
    return this.instances.filter((instance) => instance.host === host);
  }

  /** Whether the instance does its work: it runs, on a host that reports. */
  serves(id: string): boolean {
    const instance = this.instances.find((one) => one.id === id);
    return instance?.status === "ACTIVE" && this.computes.some(({ name, up }) => name === instance.host && up);
  }

  change(instance: string, changes: Partial<CloudInstance>): void {
    this.instances = this.instances.map((one) => (one.id === instance ? { ...one, ...changes } : one));
  }

  remove(...instances: readonly string[]): void {
    this.instances = this.instances.filter(({ id }) => !instances.includes(id));
  }

  add(sketch: Parameters<typeof aCloud>[0]["instances"]): void {
    const hosts = Object.fromEntries(this.computes.map(({ name, zone }) => [name, { zone }]));
    this.instances.push(...aCloud({ hosts, instances: sketch ?? {} }).instances);
  }

  host(name: HostName): ComputeHost | undefined {
    return this.computes.find((host) => host.name === name);
  }

  setHost(name: string, changes: Partial<ComputeHost>): void {
    this.computes = this.computes.map((host) => (host.name === name ? { ...host, ...changes } : host));
  }

  close(name: HostName): Closure {
    const door = this.host(name)?.door;
    if (door?.kind === "closed" && door.reason !== OURS) return "closed_by_others";
    this.setHost(name, { door: { kind: "closed", reason: OURS } });
    return "closed_by_session";
  }

  open(name: HostName, adopt = false): Closure {
    const door = this.host(name)?.door;
    const ours = door?.kind === "closed" && (door.reason === OURS || (adopt && door.reason === NEW));
    if (door?.kind === "closed" && !ours) return "closed_by_others";
    this.setHost(name, { door: { kind: "open" } });
    return "open";
  }

  /** Takes the host out; why not, if it is not closed or not empty. */
  removeHost(name: HostName): string | null {
    const { instances, allocations, arriving } = this.occupants(name);
    if (this.host(name)?.door.kind === "open") this.breaches.push(`${name} was taken out while it was open`);
    if (instances.length + allocations.length + arriving.length > 0) return "hosting instances";
    this.computes = this.computes.filter((host) => host.name !== name);
    return null;
  }

  occupants(name: HostName): Occupants {
    const arriving = [...this.moving].filter(([, to]) => to === name).map(([id]) => id);
    const allocations = [...(this.ghosts.get(name) ?? []), ...(this.stale.get(name) ?? [])];
    return { instances: this.on(name).map(({ id }) => id), allocations, arriving };
  }

  /** Begins a move, or says why not. The instance is booked on both hosts until it ends. */
  startMove({ instance: id, from, to, how }: MoveInstance): string | null {
    const instance = this.instances.find((one) => one.id === id);
    if (!instance || instance.host !== from) return null;
    if (this.host(from)?.up === false) return "refused: the compute service of its host is down";
    if (instance.status === "SHUTOFF" && how === "LIVE_MIGRATE") return "refused: in vm_state stopped";
    if (instance.status === "PAUSED" && how === "MIGRATE") return "refused: in vm_state paused";
    if (!["ACTIVE", "SHUTOFF", "PAUSED"].includes(instance.status)) return `refused: in status ${instance.status}`;
    const facts = this.facts();
    const open = this.computes.filter(({ name, door, up }) => name !== from && up && door.kind === "open");
    const wanted = open.map(({ name }) => name).filter((name) => to === null || name === to);
    const fit = fitAway(facts, [from], wanted, { only: new Set([id]) });
    const goal = fit.placements[0]?.to;
    if (!goal) {
      if (to !== null && !this.surprised)
        this.breaches.push(`I7/I8/I9: ${id} was sent to ${to}, which must not take it`);
      return "no valid host was found";
    }
    for (const group of this.groups.filter(({ members }) => members.includes(id)))
      if ([...this.moving.keys()].some((other) => group.members.includes(other)))
        this.breaches.push(`two members of ${group.id} are on their way at once`);
    this.moving.set(id, goal);
    return null;
  }

  /** Where the instance is in the end; null when it is gone. */
  endMove({ instance: id }: MoveInstance, succeeds: boolean): HostName | null {
    const goal = this.moving.get(id);
    this.moving.delete(id);
    const instance = this.instances.find((one) => one.id === id);
    if (instance && goal && succeeds) this.change(id, { host: goal });
    return this.instances.find((one) => one.id === id)?.host ?? null;
  }

  watchAction({ host, phase, plugin }: RunAction): void {
    const compute = this.host(host);
    if (phase === "pre" || phase === "post" || !compute) return;
    const { instances, allocations, arriving } = this.occupants(host);
    const there = [...instances, ...allocations, ...arriving];
    if (there.length > 0) this.breaches.push(`I1: ${plugin} ran on ${host} with ${there.join(", ")}`);
    if (compute.door.kind === "open") this.breaches.push(`I1: ${plugin} ran on ${host}, which was open`);
  }

  /** I8 and I9 for reality. */
  watch(): void {
    for (const { name, capacity } of this.computes)
      if (!fits(this.#used(name), capacity)) this.breaches.push(`I8: ${name} holds more than it can`);
    for (const { id, policy, maxPerHost, members } of this.groups) {
      if (policy !== "anti-affinity") continue;
      for (const { name } of this.computes)
        if (this.on(name).filter((one) => members.includes(one.id)).length > maxPerHost)
          this.breaches.push(`I9: ${name} has too many of ${id}`);
    }
  }

  #used(name: HostName): Resources {
    const booked = this.instances.filter(({ id, host }) => host === name || this.moving.get(id) === name);
    return booked.reduce<Resources>((sum, { demand }) => add(sum, demand), {});
  }
}
