/** What the projects could give up so that a host can be emptied: advice, of which the plan itself makes no use. */
import type { ScaleIn } from "../format/plan.ts";
import type { Board } from "./board.ts";
import { withoutRoom } from "./emptying.ts";

/** More hosts are not looked at: those with the least load are the cheapest as a rule. */
const CANDIDATES = 100;

/** The cheapest request, in shares of a host's capacity, over the hosts that wait; none when no request helps. */
export function scaleInAdvice(board: Board, waiting: readonly number[]): ScaleIn[] {
  let cheapest: { readonly host: number; readonly instances: readonly number[]; readonly cost: number } | null = null;
  for (const host of waiting.slice(0, CANDIDATES)) {
    const instances = withoutRoom(board, host);
    if (instances.length === 0 || !groupsCanSpare(board, instances)) continue;
    const cost = costOf(board, host, instances);
    if (cheapest === null || cost < cheapest.cost) cheapest = { host, instances, cost };
  }
  return cheapest === null ? [] : requests(board, cheapest.host, cheapest.instances);
}

/** A group gives up no more members than it allows to be impacted. */
function groupsCanSpare({ cloud }: Board, instances: readonly number[]): boolean {
  const leaving = new Map<number, number>();
  for (const instance of instances) {
    const group = cloud.group[instance]!;
    const count = (leaving.get(group) ?? 0) + 1;
    if (count > cloud.maxImpacted[group]!) return false;
    leaving.set(group, count);
  }
  return true;
}

function costOf({ cloud }: Board, host: number, instances: readonly number[]): number {
  const { classes, capacity, demand } = cloud;
  let cost = 0;
  for (const instance of instances)
    for (let k = 0; k < classes.length; k++)
      cost += demand[instance * classes.length + k]! / Math.max(1, capacity[host * classes.length + k]!);
  return cost;
}

function requests({ cloud }: Board, host: number, instances: readonly number[]): ScaleIn[] {
  const { snapshot, classes, demand } = cloud;
  const projects = new Map<string, number[]>();
  for (const instance of instances) {
    const { project } = snapshot.instances[instance]!;
    projects.set(project, [...(projects.get(project) ?? []), instance]);
  }
  return [...projects]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([project, leaving]) => {
      const amounts = classes.map((name, k): [string, number] => [
        name,
        leaving.reduce((sum, instance) => sum + demand[instance * classes.length + k]!, 0),
      ]);
      const why = `with this much less, ${snapshot.hosts[host]!.host} can be emptied`;
      return Object.assign(Object.fromEntries(amounts), { project, instances: leaving.length, why });
    });
}
