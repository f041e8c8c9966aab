/** Clouds worth a name: for the demo, for the program on the command line, for tests and benchmarks. */
import type { CloudOptions, GroupSpec, InstanceSpec } from "./build-world.ts";
import type { HostSpec } from "./hosts.ts";

export type ScenarioName = keyof typeof scenarios;

export const scenarios = {
  demo: demoCloud,
  full: fullCloud,
  empty: (): CloudOptions => ({ hosts: numbered("compute", 2), controllers: ["controller-1"], projects: ["shop"] }),
  large: (): CloudOptions => largeCloud({ hosts: 1000, instances: 20_000 }),
} satisfies Record<string, () => CloudOptions>;

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name);
}

/**
 * Eight computes and two controllers, three projects with 40 instances: every host is in use, and
 * there is room to empty one at a time.
 */
export function demoCloud(): CloudOptions {
  return threeProjects({ large: 4, medium: 14, small: 22 });
}

/** The same cloud so full that no host can be emptied before its projects give something up. */
export function fullCloud(): CloudOptions {
  return threeProjects({ large: 10, medium: 14, small: 20 });
}

/** Hosts of 12 vCPUs, so that a few flavors tell a story without hundreds of instances. */
function threeProjects(amounts: Readonly<Record<"large" | "medium" | "small", number>>): CloudOptions {
  const projects = ["shop", "video", "bank"] as const;
  const instances: InstanceSpec[] = [];
  const add = (project: string, flavor: string, group?: string): void => {
    const number = instances.filter((instance) => instance.project === project).length + 1;
    const name = `${project}-${`${number}`.padStart(2, "0")}`;
    instances.push({ name, project, flavor, ...(group === undefined ? {} : { group }) });
  };
  // The largest first, and each on the emptiest host: that spreads them evenly.
  let given = 0;
  for (const flavor of ["large", "medium", "small"] as const) {
    for (let count = 0; count < amounts[flavor]; count += 1) {
      const project = projects[given % projects.length] ?? "shop";
      const apart = flavor === "medium" && count < 12;
      add(project, flavor, apart ? "apart" : undefined);
      given += 1;
    }
  }
  const hosts = numbered("compute", 8).map((name): HostSpec => ({ name, vcpus: 12, memoryMb: 24_576, diskGb: 500 }));
  const groups = projects.map((project): GroupSpec => ({ name: "apart", project }));
  return { hosts, controllers: numbered("controller", 2), projects, groups, instances };
}

/** As many hosts and small instances as asked, four fifths full, in ten projects. */
export function largeCloud({ hosts, instances }: { readonly hosts: number; readonly instances: number }): CloudOptions {
  const projects = Array.from({ length: 10 }, (_, place) => `project-${place}`);
  const perHost = Math.ceil(instances / hosts);
  const vcpus = Math.ceil(perHost / 0.8);
  const names = numbered("compute", hosts);
  return {
    hosts: names.map((name) => ({ name, vcpus, memoryMb: vcpus * 2048, diskGb: vcpus * 10 })),
    controllers: numbered("controller", 3),
    projects,
    instances: Array.from({ length: instances }, (_, place): InstanceSpec => {
      const project = projects[place % projects.length] ?? "project-0";
      return { name: `${project}-${place}`, project, host: names[place % hosts] ?? "compute-1" };
    }),
  };
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${name}-${place + 1}`);
}
