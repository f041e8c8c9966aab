import { type Selectable, sql } from "kysely";
import type { InstanceConstraints } from "../../domain/constraint.ts";
import { grouped } from "../../domain/grouped.ts";
import type { InstanceId } from "../../domain/ids.ts";
import type { Declarations, Kept } from "../../ports/constraints.ts";
import type { Database } from "./connect.ts";
import { countChanged } from "./constraint-version.ts";
import { gathered } from "./gathered.ts";
import { toJson, trusted } from "./json.ts";
import type { InstanceConstraint } from "./schema.ts";
import { againWhenInTheWay } from "./transaction.ts";

type Row = Selectable<InstanceConstraint>;

/** Managers declare many, and ask for them one by one: what comes at a moment is written, or read, in one statement. */
export const postgresInstanceConstraints = (db: Database): Declarations<InstanceConstraints, InstanceId> => {
  const write = gathered<Declared, Written>((all) => writeEachOnce(db, all));
  const read = gathered<InstanceId, Row | undefined>((ids) => readAll(db, ids));
  const declare: Declarations<InstanceConstraints, InstanceId>["declare"] = async (declared, at) => {
    const { instance, project, group } = declared;
    const written = await write({ ...declared, at });
    if (!written.groupKnown && group !== null) return { kind: "group_unknown", group };
    // What was there may be removed between the two looks, and then there is something to write after all.
    const row = written.row ?? (await read(instance)) ?? (await write({ ...declared, at })).row;
    if (!row) throw new Error(`the constraints of instance ${instance} come and go`);
    return row.project_id === project ? { kind: "declared", kept: toKept(row) } : { kind: "held" };
  };
  return {
    declare,
    takeOver: async (declared, at) => {
      const { instance, project } = declared;
      await sql`
        with touched as (
          delete from instance_constraint where instance_id = ${instance} and project_id <> ${project} returning project_id
        ) ${countChanged}
      `.execute(db);
      return declare(declared, at);
    },
    find: async (id) => {
      const row = await read(id);
      return row && toKept(row);
    },
    ...listing(db),
  };
};

const listing = (db: Database): Pick<Declarations<InstanceConstraints, InstanceId>, "list" | "remove"> => ({
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

async function readAll(db: Database, ids: readonly InstanceId[]): Promise<readonly (Row | undefined)[]> {
  const { rows } = await sql<Row>`
    select * from instance_constraint where instance_id = any(${ids}::text[])
  `.execute(db);
  const byId = new Map(rows.map((row) => [row.instance_id, row]));
  return ids.map((id) => byId.get(id));
}

interface Declared extends InstanceConstraints {
  readonly at: Date;
}

/** Without a row nothing was written: the group is not known, or the same is there already, or it is another project's. */
interface Written {
  readonly groupKnown: boolean;
  readonly row: Row | null;
}

/** One statement cannot write a row twice: what is declared again in the same batch comes after it, in its order. */
async function writeEachOnce(db: Database, all: readonly Declared[]): Promise<readonly Written[]> {
  const answers = new Map<Declared, Written>();
  for (let left = all; left.length > 0; left = left.filter((declared) => !answers.has(declared))) {
    const round = [...grouped(left, ({ instance }) => instance).values()].flatMap(([first]) => first ?? []);
    const rows = await againWhenInTheWay(() => write(db, round));
    for (const { place, group_known, ...row } of rows) {
      const declared = round[place];
      // Without a changed row its columns are null.
      const changed = trusted<string | null>(row.instance_id) === null ? null : row;
      if (declared) answers.set(declared, { groupKnown: group_known, row: changed });
    }
  }
  return all.map((declared) => trusted(answers.get(declared)));
}

/** Locks are taken in the order of `countChanged`, and within each kind by id. Answers one row for each. */
async function write(db: Database, declared: readonly Declared[]): Promise<readonly WrittenRow[]> {
  const wanted = declared.map((one, place) => ({
    place,
    instance_id: one.instance,
    project_id: one.project,
    group_id: one.group,
    instance_name: one.name,
    max_interruption_time: one.maxInterruptionSeconds,
    migration_type: one.migrationType,
    resource_mitigation: one.resourceMitigation,
    lead_time: one.leadTimeSeconds,
    replaces: one.replaces ?? null,
    at: one.at,
  }));
  const groups = [...new Set(declared.flatMap(({ group }) => group ?? []))];
  const { rows } = await sql<WrittenRow>`
    with wanted as (
      select * from jsonb_to_recordset(${toJson(wanted)}::jsonb) as wanted (
        place integer, instance_id text, project_id text, group_id text, instance_name text,
        max_interruption_time integer, migration_type text, resource_mitigation boolean, lead_time integer,
        replaces text, at timestamptz
      )
    ),
    held as (
      -- Nobody removes them before this is written.
      select group_id from group_constraint where group_id = any(${groups}::text[]) order by group_id for key share
    ),
    known as (
      -- In one array, so that all of them are locked before the first instance is.
      select array_agg(group_id) as ids from held
    ),
    judged as (
      select wanted.*, group_id is null or coalesce(group_id = any(known.ids), false) as group_known from wanted, known
    ),
    changed as (
      insert into instance_constraint as kept (
        instance_id, project_id, group_id, instance_name, max_interruption_time,
        migration_type, resource_mitigation, lead_time, replaces, created_at, updated_at
      )
      select instance_id, project_id, group_id, instance_name, max_interruption_time,
        migration_type, resource_mitigation, lead_time, replaces, at, at
      from judged
      where group_known
      order by instance_id
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
    touched as (select distinct project_id from changed),
    counted as (${countChanged})
    select judged.place, judged.group_known, changed.* from judged left join changed using (instance_id)
  `.execute(db);
  return rows;
}

type WrittenRow = Row & { readonly place: number; readonly group_known: boolean };

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
