/**
 * What managers declared for the projects of a session. Turns are many and declarations change rarely: a process keeps
 * what it has read, and reads again only when the sum of the projects' versions is another. That sum only grows, since
 * each change counts one up and a session's projects are never taken away. A change of a group counts for the projects
 * of its members too. Instances of other projects are never read: nobody fills a group that is not his own.
 */
import { type Selectable, sql } from "kysely";
import { constraintsFrom, type DeclaredConstraints, noConstraints } from "../../domain/constraint.ts";
import type { SessionId } from "../../domain/ids.ts";
import { toGroupConstraints } from "./group-constraints.ts";
import { toInstanceConstraints } from "./instance-constraints.ts";
import type { Recent } from "./recent.ts";
import type { GroupConstraint } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

export type KnownConstraints = Recent<{ readonly version: number; readonly constraints: DeclaredConstraints }>;

export async function readConstraints(
  trx: Transaction,
  session: SessionId,
  cache: KnownConstraints,
): Promise<DeclaredConstraints> {
  // Read before the constraints: a change in between is read with them now, and read once more at the next turn.
  const version = await readVersion(trx, session);
  if (version === 0) return noConstraints;
  const cached = cache.get(session);
  const newest = cached?.version === version ? cached : { version, constraints: await readAll(trx, session) };
  return cache.keep(session, newest).constraints;
}

async function readVersion(trx: Transaction, session: SessionId): Promise<number> {
  const { version } = await trx
    .selectFrom("constraint_version")
    .innerJoin("project", "project.id", "constraint_version.project_id")
    .select(sql<number>`coalesce(sum(constraint_version.version), 0)::bigint`.as("version"))
    .where("project.session_id", "=", session)
    .executeTakeFirstOrThrow();
  return version;
}

async function readAll(trx: Transaction, session: SessionId): Promise<DeclaredConstraints> {
  const groups = await sql<Selectable<GroupConstraint>>`
    with concerned as (select id as project_id from project where session_id = ${session})
    select * from group_constraint
    where project_id in (select project_id from concerned) or group_id in (
      select group_id from instance_constraint join concerned using (project_id)
    )
    order by group_id
  `.execute(trx);
  const instances = await trx
    .selectFrom("instance_constraint")
    .innerJoin("project", "project.id", "instance_constraint.project_id")
    .selectAll("instance_constraint")
    .where("project.session_id", "=", session)
    .orderBy("instance_id")
    .execute();
  return constraintsFrom(instances.map(toInstanceConstraints), groups.rows.map(toGroupConstraints));
}
