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
  const moves = await recentMoves(new Date(now.getTime() - longestSeconds * 1_000), now).execute(trx);
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

/**
 * Of all sessions, and by projects themselves. One that was cancelled before it began has impacted nobody, and is left
 * out. What a project has promised to do itself is under way from its word until it is seen to be done, or until its
 * time is over: then its session moves the instance after all, or gives up. What it has declared to do itself is counted
 * from the question on: its yes and its deed may come at once.
 */
export const recentMoves = (since: Date, now: Date) => sql<SeenMove>`
  select payload ->> 'instance' as instance, null as "endedAt", null as "group", null as replacement, id
  from effect where kind = 'move_instance' and status in ('pending', 'running')
  union all
  select payload ->> 'instance', ended_at, null, null, id
  from effect where kind = 'move_instance' and started_at is not null and ended_at > ${since}
  union all
  select payload ->> 'instance', ended_at, payload ->> 'group', payload ->> 'replacement', id
  from effect where kind = 'note_own_action' and ended_at > ${since}
  union all
  select own.key, null, null, null, 0
  from session
  join reply on reply.session_id = session.id and reply.entry = session.entry
  join question
    on (question.session_id, question.entry, question.project_id, question.round)
      = (reply.session_id, reply.entry, reply.project_id, reply.round)
  cross join jsonb_each_text(reply.instance_actions) as own
  where session.ended_at is null
    and reply.answer = 'ACK' and reply.instance_actions @? '$.* ? (@ == "OWN_ACTION")'
    and own.value = 'OWN_ACTION'
    and greatest(reply.received_at, question.actions_at)
      + make_interval(secs => (session.options ->> 'own_action_seconds')::integer) > ${now}
    and not exists (
      select from question as later
      where later.session_id = reply.session_id and later.entry = reply.entry
        and later.project_id = reply.project_id and later.round > reply.round
        and later.instance_ids @> array[own.key]
    )
    and not exists (
      select from effect
      where effect.session_id = reply.session_id and effect.entry = reply.entry
        and effect.kind = 'note_own_action' and effect.subject = own.key || '#' || reply.round
    )
  union all
  select asked.id, null, null, null, 0
  from session
  join question on question.session_id = session.id and question.entry = session.entry
    and question.reply_by >= ${now} and 'OWN_ACTION' = any(question.allowed_actions)
  cross join unnest(question.instance_ids) as asked (id)
  join instance_constraint as declared on declared.instance_id = asked.id and declared.migration_type = 'OWN_ACTION'
  where session.ended_at is null
    and not exists (
      select from reply
      where (reply.session_id, reply.entry, reply.project_id, reply.round)
        = (question.session_id, question.entry, question.project_id, question.round)
    )
  order by id
`;
