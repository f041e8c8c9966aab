/** Builders of small clouds for tests of the planner; they show only what matters. */
import type { CloudFacts, CloudInstance, ComputeHost, ServerGroup } from "../../src/domain/cloud.ts";
import { GroupId, HostName, InstanceId, ProjectId } from "../../src/domain/ids.ts";
import { add, type Resources } from "../../src/domain/resources.ts";

export const host = (name: string): HostName => HostName.parse(name);
export const instance = (id: string): InstanceId => InstanceId.parse(id);

export const vcpus = (count: number): Resources => ({ VCPU: count, MEMORY_MB: count * 1024 });

export interface HostSketch extends Partial<Omit<ComputeHost, "name">> {
  readonly vcpus?: number;
}
export interface InstanceSketch extends Partial<Omit<CloudInstance, "id" | "host" | "project">> {
  readonly on: string | null;
  readonly vcpus?: number;
  readonly project?: string;
}
export interface GroupSketch extends Partial<Omit<ServerGroup, "id" | "members">> {
  readonly members: readonly string[];
}

/** A cloud whose Placement has booked exactly what is on the hosts. */
export function aCloud(sketch: {
  readonly hosts: Readonly<Record<string, HostSketch>>;
  readonly instances?: Readonly<Record<string, InstanceSketch>>;
  readonly groups?: Readonly<Record<string, GroupSketch>>;
  readonly controllers?: readonly string[];
}): CloudFacts {
  const instances = Object.entries(sketch.instances ?? {}).map(([id, wanted]): CloudInstance => {
    const { on, vcpus: size = 1, project = "shop", ...rest } = wanted;
    return {
      id: instance(id),
      name: id,
      project: ProjectId.parse(project),
      host: on === null ? null : host(on),
      status: "ACTIVE",
      taskState: null,
      demand: vcpus(size),
      zone: on === null ? "" : (sketch.hosts[on]?.zone ?? "nova"),
      aggregateSpecs: {},
      ...rest,
    };
  });
  const computes = Object.entries(sketch.hosts).map(([name, { vcpus: size = 4, ...rest }]): ComputeHost => ({
    name: host(name),
    door: { kind: "open" },
    up: true,
    zone: "nova",
    aggregates: [],
    capacity: vcpus(size),
    used: instances.filter((one) => one.host === name).reduce<Resources>((sum, one) => add(sum, one.demand), {}),
    ...rest,
  }));
  const groups = Object.entries(sketch.groups ?? {}).map(([id, { members, ...rest }]): ServerGroup => ({
    id: GroupId.parse(id),
    name: id,
    project: ProjectId.parse("shop"),
    policy: "anti-affinity",
    maxPerHost: 1,
    members: members.map(instance),
    ...rest,
  }));
  return { computes, controllers: (sketch.controllers ?? []).map(host), instances, groups };
}

/** All hosts but these: where instances can go. */
export const others = ({ computes }: CloudFacts, ...leaving: readonly string[]): readonly HostName[] =>
  computes.map(({ name }) => name).filter((name) => !leaving.includes(name));
