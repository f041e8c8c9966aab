/**
 * Who is impacted now, whichever session moves it (invariant I2 holds across sessions). Found from the side of the
 * moves: those under way and those that ended within the longest recovery time are few, the members of groups are not.
 */
import { sql } from "kysely";
import { type DeclaredConstraints, type Impacted, impactedBy, type SeenMove } from "../../domain/constraint.ts";
import type { Transaction } from "./transaction.ts";

const nobody: Impacted = new Map();

export async function readImpacted(trx: Transaction, constraints: DeclaredConstraints, now: Date): Promise<Impacted> {
  if (constraints.members.size === 0) return nobody;
  let longestSeconds = 0;
  for (const { recoveryTimeSeconds } of constraints.groups.values())
    longestSeconds = Math.max(longestSeconds, recoveryTimeSeconds);
  await oneAtATime(trx, constraints);
  const moves = await recentMoves(new Date(now.getTime() - longestSeconds * 1_000)).execute(trx);
  return impactedBy(moves.rows, constraints, now);
}

/**
 * Two sessions that move members of one group look and decide one after the other: else both could take the last place.
 * Held until the turn commits; taken in one order, so that nobody waits in a circle.
 */
async function oneAtATime(trx: Transaction, { groups }: DeclaredConstraints): Promise<void> {
  const projects = [...new Set([...groups.values()].map(({ project }) => project))].toSorted();
  for (const project of projects)
    await sql`select pg_advisory_xact_lock(hashtextextended(${`impacted ${project}`}, 0))`.execute(trx);
}

/** Of all sessions. One that was cancelled before it began has impacted nobody, and is left out. */
export const recentMoves = (since: Date) => sql<SeenMove>`
  select payload ->> 'instance' as instance, null as "endedAt", id
  from effect where kind = 'move_instance' and status in ('pending', 'running')
  union all
  select payload ->> 'instance', ended_at, id
  from effect where kind = 'move_instance' and started_at is not null and ended_at > ${since}
  order by id
`;
