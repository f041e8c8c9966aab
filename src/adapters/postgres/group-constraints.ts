import { type Selectable, sql } from "kysely";
import type { GroupConstraints } from "../../domain/constraint.ts";
import type { GroupId } from "../../domain/ids.ts";
import type { Declaration, Declarations, Kept } from "../../ports/constraints.ts";
import type { Database } from "./connect.ts";
import { countChanged } from "./constraint-version.ts";
import { trusted } from "./json.ts";
import type { GroupConstraint } from "./schema.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

type Row = Selectable<GroupConstraint>;

export const postgresGroupConstraints = (db: Database): Declarations<GroupConstraints, GroupId> => ({
  declare: (declared, at) => inTransaction(db, (trx) => declare(trx, declared, at)),
  takeOver: (declared, at) =>
    inTransaction(db, async (trx) => {
      const [owner] = await hold(trx, declared.group);
      if (owner && owner.project_id !== declared.project) await remove(trx, declared.group);
      return declare(trx, declared, at);
    }),
  find: async (id) => {
    const row = await read(db, id);
    return row && toKept(row);
  },
  list: async (project, { after, limit }) => {
    const rows = await db
      .selectFrom("group_constraint")
      .selectAll()
      .where("project_id", "=", project)
      .where("group_id", ">", after)
      .orderBy("group_id")
      .limit(limit)
      .execute();
    return rows.map(toKept);
  },
  remove: (id) => inTransaction(db, (trx) => remove(trx, id)),
});

async function declare(trx: Transaction, declared: GroupConstraints, at: Date): Promise<Declaration<GroupConstraints>> {
  await hold(trx, declared.group);
  const row = (await write(trx, declared, at)) ?? (await read(trx, declared.group));
  return row?.project_id === declared.project ? { kind: "declared", kept: toKept(row) } : { kind: "held" };
}

async function remove(trx: Transaction, id: GroupId): Promise<void> {
  // The members lose their group when it is deleted, and only then is it counted.
  const owner = await hold(trx, id);
  const members = await trx
    .selectFrom("instance_constraint")
    .select("project_id")
    .distinct()
    .where("group_id", "=", id)
    .execute();
  await trx.deleteFrom("group_constraint").where("group_id", "=", id).execute();
  const projects = [...owner, ...members].map(({ project_id }) => project_id);
  await sql`with touched as (select distinct unnest(${projects}::text[]) as project_id) ${countChanged}`.execute(trx);
}

/** Waits for instances that are just joining the group, and keeps others from it: all members are known then. */
const hold = (trx: Transaction, id: GroupId): Promise<readonly Pick<Row, "project_id">[]> =>
  trx.selectFrom("group_constraint").select("project_id").where("group_id", "=", id).forUpdate().execute();

const read = (db: Database, id: GroupId): Promise<Row | undefined> =>
  db.selectFrom("group_constraint").selectAll().where("group_id", "=", id).executeTakeFirst();

/** Undefined when nothing was written, since the same is there already or another project's; the row is locked then. */
async function write(trx: Transaction, declared: GroupConstraints, at: Date): Promise<Row | undefined> {
  const written = await sql<Row>`
    with changed as (
      insert into group_constraint as kept (
        group_id, project_id, group_name, anti_affinity_group, max_instances_per_host,
        max_impacted_members, recovery_time, resource_mitigation, created_at, updated_at
      ) values (
        ${declared.group}, ${declared.project}, ${declared.name}, ${declared.antiAffinity},
        ${declared.maxInstancesPerHost}, ${declared.maxImpactedMembers}, ${declared.recoveryTimeSeconds},
        ${declared.resourceMitigation}, ${at}, ${at}
      )
      on conflict (group_id) do update set
        group_name = excluded.group_name,
        anti_affinity_group = excluded.anti_affinity_group,
        max_instances_per_host = excluded.max_instances_per_host,
        max_impacted_members = excluded.max_impacted_members,
        recovery_time = excluded.recovery_time,
        resource_mitigation = excluded.resource_mitigation,
        updated_at = excluded.updated_at
      where kept.project_id = excluded.project_id and (
        kept.group_name, kept.anti_affinity_group, kept.max_instances_per_host,
        kept.max_impacted_members, kept.recovery_time, kept.resource_mitigation
      ) is distinct from (
        excluded.group_name, excluded.anti_affinity_group, excluded.max_instances_per_host,
        excluded.max_impacted_members, excluded.recovery_time, excluded.resource_mitigation
      )
      returning *
    ),
    touched as (
      select project_id from changed
      union
      select member.project_id from instance_constraint as member join changed using (group_id)
    ),
    counted as (${countChanged})
    select * from changed
  `.execute(trx);
  return written.rows[0];
}

const toKept = (row: Row): Kept<GroupConstraints> => ({
  ...toGroupConstraints(row),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const toGroupConstraints = (row: Row): GroupConstraints => ({
  group: trusted(row.group_id),
  project: trusted(row.project_id),
  name: row.group_name,
  antiAffinity: row.anti_affinity_group,
  maxInstancesPerHost: row.max_instances_per_host,
  maxImpactedMembers: row.max_impacted_members,
  recoveryTimeSeconds: row.recovery_time,
  resourceMitigation: row.resource_mitigation,
});
