import { type Selectable, sql } from "kysely";
import type { InstanceConstraints } from "../../domain/constraint.ts";
import type { InstanceId } from "../../domain/ids.ts";
import type { Declarations, Kept } from "../../ports/constraints.ts";
import type { Database } from "./connect.ts";
import { countChanged } from "./constraint-version.ts";
import { trusted } from "./json.ts";
import type { InstanceConstraint } from "./schema.ts";

type Row = Selectable<InstanceConstraint>;

export const postgresInstanceConstraints = (db: Database): Declarations<InstanceConstraints, InstanceId> => ({
  declare: async (declared, at) => {
    const { instance, project, group } = declared;
    const written = await write(db, declared, at);
    if (!written.groupKnown && group !== null) return { kind: "group_unknown", group };
    // What was there may be removed between the two looks, and then there is something to write after all.
    const row = written.row ?? (await read(db, instance)) ?? (await write(db, declared, at)).row;
    if (!row) throw new Error(`the constraints of instance ${instance} come and go`);
    return row.project_id === project ? { kind: "declared", kept: toKept(row) } : { kind: "held" };
  },
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
  remove: async (id) => {
    await sql`
      with touched as (delete from instance_constraint where instance_id = ${id} returning project_id) ${countChanged}
    `.execute(db);
  },
});

const read = (db: Database, id: InstanceId): Promise<Row | undefined> =>
  db.selectFrom("instance_constraint").selectAll().where("instance_id", "=", id).executeTakeFirst();

/**
 * In one statement, since managers declare many. Without a row nothing was written: the group is not known, or the same
 * is there already, or it is another project's.
 */
async function write(db: Database, declared: InstanceConstraints, at: Date): Promise<Written> {
  const { instance, project, group } = declared;
  const written = await sql<Row & { group_known: boolean }>`
    with held as (
      -- Nobody removes it before this is written.
      select from group_constraint where group_id = ${group} for key share
    ),
    changed as (
      insert into instance_constraint as kept (
        instance_id, project_id, group_id, instance_name, max_interruption_time,
        migration_type, resource_mitigation, lead_time, replaces, created_at, updated_at
      )
      select ${instance}, ${project}, ${group}::text, ${declared.name}, ${declared.maxInterruptionSeconds}::integer,
        ${declared.migrationType}, ${declared.resourceMitigation}::boolean, ${declared.leadTimeSeconds}::integer,
        ${declared.replaces ?? null}::text, ${at}::timestamptz, ${at}::timestamptz
      where ${group}::text is null or exists (select from held)
      on conflict (instance_id) do update set
        group_id = excluded.group_id,
        instance_name = excluded.instance_name,
        max_interruption_time = excluded.max_interruption_time,
        migration_type = excluded.migration_type,
        resource_mitigation = excluded.resource_mitigation,
        lead_time = excluded.lead_time,
        -- Whose place it took stays true when its manager declares the rest again.
        replaces = coalesce(excluded.replaces, kept.replaces),
        updated_at = excluded.updated_at
      where kept.project_id = excluded.project_id and (
        kept.group_id, kept.instance_name, kept.max_interruption_time,
        kept.migration_type, kept.resource_mitigation, kept.lead_time, kept.replaces
      ) is distinct from (
        excluded.group_id, excluded.instance_name, excluded.max_interruption_time,
        excluded.migration_type, excluded.resource_mitigation, excluded.lead_time,
        coalesce(excluded.replaces, kept.replaces)
      )
      returning *
    ),
    touched as (select project_id from changed),
    counted as (${countChanged})
    select exists (select from held) as group_known, changed.* from (values (1)) as always left join changed on true
  `.execute(db);
  const [row] = written.rows;
  if (!row) throw new Error("a select of one row answered none");
  // Without a changed row its columns are null.
  return { groupKnown: row.group_known, row: trusted<string | null>(row.instance_id) === null ? null : row };
}

interface Written {
  readonly groupKnown: boolean;
  readonly row: Row | null;
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
  ...(row.replaces === null ? {} : { replaces: trusted<InstanceId>(row.replaces) }),
  declaredAt: row.created_at,
});
