/**
 * How often the constraints of a project were changed, counted in the statement that changes them. A session compares
 * one sum with the one it knows, and reads constraints only when it differs (see `session-constraints.ts`).
 */
import { type RawBuilder, sql } from "kysely";

/** Connections of a pool rarely have the same remainder, so those that write for one project rarely wait for each other. */
const PARTS = 16;

/** Follows on `with changed as (… returning *)`, and answers the changed rows. */
export const countChanged: RawBuilder<unknown> = sql`
  , counted as (
    insert into constraint_version (project_id, part, version)
    select project_id, pg_backend_pid() % ${sql.lit(PARTS)}, 1 from changed
    on conflict (project_id, part) do update set version = constraint_version.version + 1
  )
  select * from changed
`;
