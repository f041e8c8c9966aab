import { type Selectable, sql } from "kysely";
import type { InstanceConstraints } from "../../domain/constraint.ts";
import type { GroupId, InstanceId, ProjectId } from "../../domain/ids.ts";
import type { Declarations, Kept } from "../../ports/constraints.ts";
import type { Database } from "./connect.ts";
import { countChanged } from "./constraint-version.ts";
import { trusted } from "./json.ts";
import type { InstanceConstraint } from "./schema.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

type Row = Selectable<InstanceConstraint>;

export const postgresInstanceConstraints = (db: Database): Declarations<InstanceConstraints, InstanceId> => ({
  declare: (declared, at) =>
    inTransaction(db, async (trx) => {
      const { instance, project, group } = declared;
      if (group !== null && !(await holdGroup(trx, project, group))) return { kind: "group_unknown", group };
      const row = (await write(trx, declared, at)) ?? (await read(trx, instance));
      return row?.project_id === project ? { kind: "declared", kept: toKept(row) } : { kind: "held" };
    }),
  find: async (id) => {
    const row = await read(db, id);
    return row && toKept(row);
  },
  list: async (project, { after, limit }) => {
    const rows = await db
      .selectFrom("instance_constraint")
      .selectAll()
      .where("project_id", "=", project)
      .where("instance_id", ">", after)
      .orderBy("instance_id")
      .limit(limit)
      .execute();
    return rows.map(toKept);
  },
  remove: (id) =>
    inTransaction(db, async (trx) => {
      await sql`
        with changed as (delete from instance_constraint where instance_id = ${id} returning *) ${countChanged}
      `.execute(trx);
    }),
});

/** Until the transaction ends nobody removes the group. False: the project has no such group. */
async function holdGroup(trx: Transaction, project: ProjectId, group: GroupId): Promise<boolean> {
  const row = await trx
    .selectFrom("group_constraint")
    .select("group_id")
    .where("group_id", "=", group)
    .where("project_id", "=", project)
    .forKeyShare()
    .executeTakeFirst();
  return row !== undefined;
}

const read = (db: Database, id: InstanceId): Promise<Row | undefined> =>
  db.selectFrom("instance_constraint").selectAll().where("instance_id", "=", id).executeTakeFirst();

/** Undefined when nothing was written, since the same is there already or another project's. */
async function write(trx: Transaction, declared: InstanceConstraints, at: Date): Promise<Row | undefined> {
  const written = await sql<Row>`
    with changed as (
      insert into instance_constraint as kept (
        instance_id, project_id, group_id, instance_name, max_interruption_time,
        migration_type, resource_mitigation, lead_time, created_at, updated_at
      ) values (
        ${declared.instance}, ${declared.project}, ${declared.group}, ${declared.name},
        ${declared.maxInterruptionSeconds}, ${declared.migrationType}, ${declared.resourceMitigation},
        ${declared.leadTimeSeconds}, ${at}, ${at}
      )
      on conflict (instance_id) do update set
        group_id = excluded.group_id,
        instance_name = excluded.instance_name,
        max_interruption_time = excluded.max_interruption_time,
        migration_type = excluded.migration_type,
        resource_mitigation = excluded.resource_mitigation,
        lead_time = excluded.lead_time,
        updated_at = excluded.updated_at
      where kept.project_id = excluded.project_id and (
        kept.group_id, kept.instance_name, kept.max_interruption_time,
        kept.migration_type, kept.resource_mitigation, kept.lead_time
      ) is distinct from (
        excluded.group_id, excluded.instance_name, excluded.max_interruption_time,
        excluded.migration_type, excluded.resource_mitigation, excluded.lead_time
      )
      returning *
    ) ${countChanged}
  `.execute(trx);
  return written.rows[0];
}

const toKept = (row: Row): Kept<InstanceConstraints> => ({
  ...toInstanceConstraints(row),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const toInstanceConstraints = (row: Row): InstanceConstraints => ({
  instance: trusted(row.instance_id),
  project: trusted(row.project_id),
  group: trusted(row.group_id),
  name: row.instance_name,
  maxInterruptionSeconds: row.max_interruption_time,
  migrationType: trusted(row.migration_type),
  resourceMitigation: row.resource_mitigation,
  leadTimeSeconds: row.lead_time,
});
