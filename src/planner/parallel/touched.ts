/** Where news may leave anything other than planned. */
import { hostNamed, instanceNamed, type PlanEvent } from "./amend.ts";
import type { Touched } from "./mend.ts";
import type { Planned } from "./plan.ts";

export function touchedBy(before: Planned, after: Planned, event: PlanEvent): Touched {
  if ("host" in event) return { hosts: [hostNamed(before, event.host)], groups: [] };
  const name = typeof event.instance === "string" ? event.instance : event.instance.instance;
  const was = instanceNamed(before, name);
  const is = event.kind === "instance_gone" ? -1 : was !== -1 ? was : after.cloud.instanceCount - 1;
  const hosts = new Set<number>();
  const groups = new Set<number>();
  for (const { plan, instance } of [
    { plan: before, instance: was },
    { plan: after, instance: is },
  ]) {
    if (instance === -1) continue;
    const { cloud, run } = plan;
    const { moves } = run;
    groups.add(cloud.group[instance]!);
    hosts.add(cloud.home[instance]!);
    const of = moves.instance.subarray(0, moves.count);
    for (let move = of.indexOf(instance); move !== -1; move = of.indexOf(instance, move + 1))
      hosts.add(moves.from[move]!).add(moves.to[move]!);
  }
  return { hosts: [...hosts], groups: [...groups] };
}
