/** What a plan says about itself: digest, makespan, bounds and ratios, which hosts are planned and which are blocked. */
import { digestOf } from "./digest.ts";
import type { CloudSnapshot } from "../format/snapshot.ts";
import type { Plan } from "../format/plan.ts";
import type { LowerBounds } from "./lower-bounds.ts";
import type { Complain } from "./violation.ts";

/** Plans may round: bounds to whole seconds, ratios to hundredths. */
const SECONDS_OFF = 1;
const RATIO_OFF = 0.0101;

export function judgeClaims(snapshot: CloudSnapshot, plan: Plan, bounds: LowerBounds, complain: Complain): void {
  const say = (rule: Parameters<Complain>[0], text: string) => complain(rule, null, {}, text);
  const digest = digestOf(plan);
  if (plan.digest !== digest) say("digest", `the digest is ${plan.digest}, and should be ${digest}`);
  const { objective } = snapshot.session;
  if (plan.objective !== objective) say("objective", `planned for ${plan.objective}, and ${objective} was asked for`);
  const makespan = latestEnd(plan);
  if (plan.makespan_seconds !== makespan)
    say("makespan", `the makespan is said to be ${plan.makespan_seconds} s, and is ${makespan} s`);
  judgeBounds(plan, bounds, complain);
  judgeHosts(snapshot, plan, complain);
  judgeWaves(plan, complain);
  judgeScaleIn(snapshot, plan, complain);
}

const latestEnd = ({ hosts, moves }: Plan): number => {
  const ofHosts = hosts.reduce((latest, { action_end }) => Math.max(latest, action_end), 0);
  return moves.reduce((latest, { end }) => Math.max(latest, end), ofHosts);
};

function judgeBounds(plan: Plan, bounds: LowerBounds, complain: Complain): void {
  const { lower_bound: said, makespan_seconds: makespan, ratio, ratio_closed } = plan;
  const say = (rule: "bounds" | "ratio", text: string) => complain(rule, null, {}, text);
  for (const name of Object.keys(bounds) as (keyof LowerBounds)[])
    if (!(Math.abs(said[name] - bounds[name]) <= SECONDS_OFF))
      say("bounds", `the bound ${name} is said to be ${said[name]} s, and is ${bounds[name].toFixed(1)} s`);
  const right = bounds.best === 0 ? null : makespan / said.best;
  const closed = Math.max(said.best, said.capacity_time_closed);
  const rightClosed = closed === 0 ? null : makespan / closed;
  if (!isNear(ratio, right)) say("ratio", `the ratio is said to be ${ratio}, and is ${right?.toFixed(3) ?? "null"}`);
  if (!isNear(ratio_closed, rightClosed))
    say("ratio", `ratio_closed is said to be ${ratio_closed}, and is ${rightClosed?.toFixed(3) ?? "null"}`);
}

const isNear = (said: number | null, right: number | null): boolean =>
  said === null || right === null ? said === right : Math.abs(said - right) <= RATIO_OFF;

/** Every host of the session is planned or blocked, and no other. */
function judgeHosts({ session, hosts }: CloudSnapshot, plan: Plan, complain: Complain): void {
  const listed = session.hosts.length > 0 ? session.hosts : hosts.filter(isMaintainedUnasked).map(({ host }) => host);
  const wanted = new Set(listed);
  const planned = new Set(plan.hosts.map(({ host }) => host));
  const blocked = new Set<string>();
  for (const { host, reasons } of plan.blocked) {
    if (blocked.has(host)) complain("session", null, { host }, `${host} is blocked twice`);
    if (planned.has(host)) complain("session", null, { host }, `${host} is planned and blocked`);
    if (reasons.length === 0 || reasons.some(({ text }) => text === ""))
      complain("feasible", null, { host }, `${host} is blocked without a reason`);
    blocked.add(host);
  }
  for (const host of new Set([...planned, ...blocked]))
    if (!wanted.has(host)) complain("session", null, { host }, `${host} is not one of the session's hosts`);
  for (const host of wanted)
    if (!planned.has(host) && !blocked.has(host))
      complain("session", null, { host }, `${host} is neither planned nor blocked`);
  if (plan.feasible !== (plan.blocked.length === 0))
    complain(
      "feasible",
      null,
      {},
      `called ${plan.feasible ? "" : "not "}feasible with ${plan.blocked.length} hosts blocked`,
    );
}

const isMaintainedUnasked = ({ enabled, type }: CloudSnapshot["hosts"][number]): boolean =>
  enabled && type === "compute";

/** Waves are numbered from 1 without a gap, and a later wave does not begin before an earlier one. */
function judgeWaves({ hosts }: Plan, complain: Complain): void {
  const begins = new Map<number, { first: number; last: number; host: string }>();
  for (const { host, wave, drain_start: start } of hosts) {
    const { first = start, last = start } = begins.get(wave) ?? {};
    begins.set(wave, { first: Math.min(first, start), last: Math.max(last, start), host });
  }
  let before: number | null = null;
  for (const [index, wave] of [...begins.keys()].toSorted((a, b) => a - b).entries()) {
    const { first = 0, last = 0, host = null } = begins.get(wave) ?? {};
    if (wave !== index + 1)
      complain("waves", first, { host }, `there is a wave ${wave}, and none has the number ${index + 1}`);
    if (before !== null && first < before)
      complain(
        "waves",
        first,
        { host },
        `wave ${wave} begins at ${first} s, while drains of the one before begin until ${before} s`,
      );
    before = last;
  }
}

/** Advice, but not for projects that are not there, nor for more than they have. */
function judgeScaleIn({ instances }: CloudSnapshot, { scale_in }: Plan, complain: Complain): void {
  const counts = new Map<string, number>();
  for (const { project } of instances) counts.set(project, (counts.get(project) ?? 0) + 1);
  for (const { project, instances: asked } of scale_in) {
    const has = counts.get(project) ?? 0;
    if (asked > has) complain("scale_in", null, {}, `${project} is to give up ${asked} instances, and has ${has}`);
  }
}
