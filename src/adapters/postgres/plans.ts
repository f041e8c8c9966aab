import { sql } from "kysely";
import { expectedOf } from "../../planner/eta/pace.ts";
import type { CloudSnapshot } from "../../planner/format/snapshot.ts";
import type { Plans } from "../../ports/plans.ts";
import type { Database } from "./connect.ts";
import { toJson, trusted } from "./json.ts";

/** Clouds change within hours, so a plan of last week fits none any more. */
const KEPT_DAYS = 7;

/** The plan of a large cloud takes tens of megabytes, and a program may plan every minute. */
const KEPT_MAX = 100;

export const postgresPlans = (db: Database): Plans => ({
  async keep({ plan, cloud }, at) {
    const content = { plan: toJson(plan), cloud: toJson(cloud), expected: toJson(expectedOf(plan)), made_at: at };
    await db
      .insertInto("plan")
      .values({ digest: plan.digest, ...content })
      .onConflict((conflict) => conflict.column("digest").doUpdateSet(content))
      .execute();
    await forgetOld(db, at);
  },
  async find(digest) {
    const row = await db.selectFrom("plan").select(["plan", "cloud"]).where("digest", "=", digest).executeTakeFirst();
    return row && { plan: trusted(row.plan), cloud: trusted(row.cloud) };
  },
});

export async function plannedCloud(db: Database, digest: string | null): Promise<CloudSnapshot | null> {
  if (digest === null) return null;
  const row = await db.selectFrom("plan").select("cloud").where("digest", "=", digest).executeTakeFirst();
  return row ? trusted(row.cloud) : null;
}

async function forgetOld(db: Database, now: Date): Promise<void> {
  await sql`
    delete from plan
    where (
      made_at < ${now}::timestamptz - make_interval(days => ${KEPT_DAYS})
      or digest not in (select digest from plan order by made_at desc, digest limit ${KEPT_MAX})
    )
    and not exists (select from session where session.plan_digest = plan.digest and session.ended_at is null)
  `.execute(db);
}
