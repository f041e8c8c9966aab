/** The cloud as it will be once moves that the last look at it did not see have ended. */
import type { CloudFacts, CloudInstance, ComputeHost } from "../domain/cloud.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import { add, type Resources, subtract } from "../domain/resources.ts";
import { indexed, indexMoved } from "./index-facts.ts";

export interface ForeseenMove {
  readonly instance: InstanceId;
  readonly to: HostName;
}

export function foresee(facts: CloudFacts, moves: readonly ForeseenMove[]): CloudFacts {
  if (moves.length === 0) return facts;
  const { byId } = indexed(facts);
  const arrivals = new Map<HostName, Resources>();
  const departures = new Map<HostName, Resources>();
  const moved = new Map<InstanceId, CloudInstance>();
  for (const [id, to] of new Map(moves.map(({ instance, to }) => [instance, to]))) {
    const instance = byId.get(id);
    if (instance === undefined || instance.host === null || instance.host === to) continue;
    // Placement books a move under way on both hosts, so one that was seen on its way is counted already.
    if (!isOnItsWay(instance)) arrivals.set(to, add(arrivals.get(to) ?? {}, instance.demand));
    departures.set(instance.host, add(departures.get(instance.host) ?? {}, instance.demand));
    moved.set(id, { ...instance, host: to });
  }
  const computes = facts.computes.map((host): ComputeHost => {
    const come = arrivals.get(host.name);
    const gone = departures.get(host.name);
    return come || gone ? { ...host, used: subtract(add(host.used, come ?? {}), gone ?? {}) } : host;
  });
  let instances: readonly CloudInstance[] | null = null;
  const foreseen: CloudFacts = {
    ...facts,
    computes,
    // Planners go by the index: a list of all that a large cloud has is made only where somebody reads it.
    get instances() {
      return (instances ??= facts.instances.map((instance) => moved.get(instance.id) ?? instance));
    },
  };
  indexMoved(facts, foreseen, moved);
  return foreseen;
}

const isOnItsWay = ({ status, taskState }: CloudInstance): boolean =>
  status === "MIGRATING" || status === "RESIZE" || status === "VERIFY_RESIZE" || (taskState ?? "").startsWith("resize");
