/** The plan with numbers for names. What names something unknown is told and left out of the sweep. */
import type { Plan } from "../format/plan.ts";
import type { NumberedCloud } from "./numbered-cloud.ts";
import type { Complain } from "./violation.ts";

export interface NumberedMove {
  readonly instance: number;
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

export interface NumberedVisit {
  readonly host: number;
  readonly drainStart: number;
  readonly emptyAt: number;
  readonly actionStart: number;
  readonly actionEnd: number;
}

export interface NumberedPlan {
  /** By start, then by end. */
  readonly moves: readonly NumberedMove[];
  readonly visits: readonly NumberedVisit[];
}

export function numberPlan({ hosts, moves }: Plan, cloud: NumberedCloud, complain: Complain): NumberedPlan {
  const visits: NumberedVisit[] = [];
  const visited = new Set<string>();
  for (const { host, drain_start, empty_at, action_start, action_end } of hosts) {
    const number = cloud.hostNumber.get(host);
    if (number === undefined) complain("session", null, { host }, `the cloud has no host ${host}`);
    else if (visited.has(host)) complain("session", drain_start, { host }, `${host} is planned twice`);
    else
      visits.push({
        host: number,
        drainStart: drain_start,
        emptyAt: empty_at,
        actionStart: action_start,
        actionEnd: action_end,
      });
    visited.add(host);
  }
  const known: NumberedMove[] = [];
  for (const { instance, from, to, start, end } of moves) {
    const numbers = {
      instance: cloud.instanceNumber.get(instance),
      from: cloud.hostNumber.get(from),
      to: cloud.hostNumber.get(to),
    };
    if (numbers.instance === undefined) complain("place", start, { instance }, `the cloud has no instance ${instance}`);
    else if (numbers.from === undefined)
      complain("place", start, { instance, host: from }, `the cloud has no host ${from}`);
    else if (numbers.to === undefined)
      complain("destination", start, { instance, host: to }, `the cloud has no host ${to}`);
    else known.push({ instance: numbers.instance, from: numbers.from, to: numbers.to, start, end });
  }
  return { moves: known.toSorted((a, b) => a.start - b.start || a.end - b.end), visits };
}
