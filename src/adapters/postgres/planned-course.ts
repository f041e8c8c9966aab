/** The course of a session's plan, read once by each process: a plan never changes under its digest. */
import type { HostName, InstanceId, SessionId } from "../../domain/ids.ts";
import type { PlannedCourse } from "../../domain/planned-course.ts";
import type { Plan } from "../../planner/format/plan.ts";
import { trusted } from "./json.ts";
import type { Recent } from "./recent.ts";
import type { Transaction } from "./transaction.ts";

export type KnownCourses = Recent<PlannedCourse>;

/** Null without a plan, or when it is not kept any more. */
export async function readCourse(
  trx: Transaction,
  session: SessionId,
  digest: string | null,
  cache: KnownCourses,
): Promise<PlannedCourse | null> {
  if (digest === null) return null;
  const cached = cache.get(session);
  if (cached) return cache.keep(session, cached);
  const row = await trx.selectFrom("plan").select("plan").where("digest", "=", digest).executeTakeFirst();
  return row ? cache.keep(session, courseOf(trusted<Plan>(row.plan))) : null;
}

function courseOf({ hosts, moves }: Plan): PlannedCourse {
  const goals = new Map<InstanceId, Map<HostName, HostName>>();
  for (const { instance, from, to } of moves) {
    const id = trusted<InstanceId>(instance);
    const known = goals.get(id) ?? new Map<HostName, HostName>();
    goals.set(id, known.set(trusted(from), trusted(to)));
  }
  return {
    visits: new Map(hosts.map(({ host, drain_start: from, action_end: until }) => [trusted(host), { from, until }])),
    goals,
  };
}
