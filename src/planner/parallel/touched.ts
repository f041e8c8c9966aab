/** Where news may leave anything other than planned. */
import type { PlanEvent } from "./amend.ts";
import type { Touched } from "./mend.ts";
import type { Planned } from "./plan.ts";

export function touchedBy(before: Planned, after: Planned, event: PlanEvent): Touched {
  if ("host" in event) return { hosts: [numberOf(before.cloud.snapshot.hosts, "host", event.host)], groups: [] };
  const name = typeof event.instance === "string" ? event.instance : event.instance.instance;
  const hosts = new Set<number>();
  const groups = new Set<number>();
  for (const { cloud, run } of [before, after]) {
    const instance = numberOf(cloud.snapshot.instances, "instance", name);
    if (instance === -1) continue;
    groups.add(cloud.group[instance]!);
    hosts.add(cloud.home[instance]!);
    for (let move = 0; move < run.moves.count; move++)
      if (run.moves.instance[move] === instance) hosts.add(run.moves.from[move]!).add(run.moves.to[move]!);
  }
  return { hosts: [...hosts], groups: [...groups] };
}

const numberOf = <K extends string>(list: readonly Readonly<Record<K, string>>[], key: K, name: string): number =>
  list.findIndex((one) => one[key] === name);
