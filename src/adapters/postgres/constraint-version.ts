/**
 * How often the constraints of a project were changed. A session compares one sum with the one it knows, and reads
 * constraints only when it differs (see `session-constraints.ts`). Locks are taken in one order everywhere, so that
 * nobody waits in a circle: the group, its members, the count.
 */
import { type RawBuilder, sql } from "kysely";

/** Counts for each project in `touched`, which stands before it in the same statement. */
export const countChanged: RawBuilder<unknown> = sql`
  insert into constraint_version as kept (project_id, version) select project_id, 1 from touched order by project_id
  on conflict (project_id) do update set version = kept.version + 1
`;
