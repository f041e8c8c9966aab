/** The cloud as one project uses it, without the way over HTTP: for tests that act as its owner. */
import { boot, deleteInstance, powerOff, powerOn } from "./instances.ts";
import { projectNamed } from "./identity.ts";
import { Refusal } from "./refusal.ts";
import type { Asker, Flavor, Group, Instance, Project, User, World } from "./world.ts";

export interface Tenant {
  readonly project: Project;
  readonly instances: readonly Instance[];
  createGroup(name: string, policy?: GroupPolicy): Group;
  boot(spec: TenantBoot): Instance;
  delete(instance: string): void;
  stop(instance: string): void;
  start(instance: string): void;
}

export interface TenantBoot {
  readonly name: string;
  readonly flavor?: string | undefined;
  readonly group?: string | undefined;
  readonly host?: string | undefined;
}

export interface GroupPolicy {
  readonly policy?: "anti-affinity" | "affinity" | "soft-anti-affinity" | "soft-affinity" | undefined;
  readonly maxPerHost?: number | undefined;
}

export function tenant(world: World, projectName: string): Tenant {
  const project = projectNamed(world, projectName);
  const asker = askerFor(world, project);
  const own = (name: string): Instance => {
    const found = world.instances.find((one) => one.project === project.id && (one.id === name || one.name === name));
    if (found === undefined) throw new Refusal(404, `${project.name} has no instance ${name}`);
    return found;
  };
  return {
    project,
    get instances() {
      return world.instances.filter((instance) => instance.project === project.id);
    },
    createGroup: (name, policy = {}) => createGroup(world, { name, project: project.id, user: asker.user, ...policy }),
    boot({ name, flavor = "small", group, host }) {
      return boot(
        world,
        {
          name,
          project: project.id,
          flavor: flavorNamed(world, flavor),
          group: groupNamed(world, project, group),
          host,
        },
        asker,
      );
    },
    delete: (name) => deleteInstance(world, own(name), asker),
    stop: (name) => powerOff(world, own(name), asker),
    start: (name) => powerOn(world, own(name), asker),
  };
}

export function createGroup(
  world: World,
  spec: GroupPolicy & { readonly name: string; readonly project: string; readonly user: string },
): Group {
  const { name, project, user, policy = "anti-affinity", maxPerHost } = spec;
  const group: Group = {
    id: world.chance.uuid(),
    name,
    policy,
    maxPerHost: maxPerHost ?? 1,
    rules: maxPerHost === undefined ? {} : { max_server_per_host: maxPerHost },
    project,
    user,
    members: new Set(),
  };
  world.groups.set(group.id, group);
  world.log.record({ kind: "group_created", group: group.id, name, policy, maxPerHost: group.maxPerHost, project });
  return group;
}

export function deleteGroup(world: World, group: Group): void {
  world.groups.delete(group.id);
  group.members.clear();
  world.log.record({ kind: "group_deleted", group: group.id });
}

export function flavorNamed(world: World, name: string): Flavor {
  for (const flavor of world.flavors.values()) if (flavor.id === name || flavor.name === name) return flavor;
  throw new Refusal(400, `Flavor ${name} could not be found.`);
}

export function groupNamed(world: World, project: Project, name: string | undefined): Group | null {
  if (name === undefined) return null;
  for (const group of world.groups.values()) {
    if (group.id === name || (group.project === project.id && group.name === name)) return group;
  }
  throw new Refusal(400, `Instance group ${name} could not be found.`);
}

export function askerFor(world: World, project: Project): Asker {
  const user: User | undefined = world.users.find((candidate) => candidate.roles.has(project.id));
  if (user === undefined) throw new Error(`project ${project.name} has no user`);
  return { user: user.id, userName: user.name, project: project.id, requestId: `req-${world.chance.uuid()}` };
}
