/** Writes what a turn decided, in the turn's own transaction: all of it or nothing. */
import { sql } from "kysely";
import { randomUUID } from "node:crypto";
import { subjectOf } from "../../domain/effect.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { EffectId, ReceiverId } from "../../ports/effects.ts";
import type { Changes, Recorded } from "../../ports/sessions.ts";
import { releaseHosts } from "./host-claims.ts";
import { appendJournal } from "./journal.ts";
import { toJson, trusted } from "./json.ts";
import { ringForNews } from "./news.ts";
import type { SessionRow } from "./session-lock.ts";
import type { Transaction } from "./transaction.ts";

/** Who hears of notifications beside the webhooks. */
export interface Channels {
  /** Whether they go to the message bus. */
  readonly bus: boolean;
}

export async function recordChanges(
  trx: Transaction,
  row: SessionRow,
  changes: Changes,
  channels: Channels,
): Promise<Recorded> {
  const id = trusted<SessionId>(row.id);
  const entry = changes.enter ? row.entry + 1 : row.entry;
  await updateSession(trx, id, entry, changes);
  if (changes.enter) {
    await trx
      .insertInto("state_entry")
      .values({ session_id: id, number: entry, state: changes.enter.state, since: changes.at })
      .execute();
  }
  if (changes.cancelPending) await cancelPending(trx, id, changes.at);
  const effects = await insertEffects(trx, id, entry, changes);
  await insertQuestions(trx, id, entry, changes);
  await markHosts(trx, id, changes);
  const receivers = await insertNotifications(trx, id, changes, channels);
  if (changes.ended) await releaseHosts(trx, id);
  await appendJournal(trx, id, changes.journal);
  return { effects, receivers };
}

async function updateSession(trx: Transaction, id: SessionId, entry: number, changes: Changes): Promise<void> {
  const { at, enter, failure, waiting, wakeAt, ended } = changes;
  await trx
    .updateTable("session")
    .set({
      entry,
      ...(enter ? { state: enter.state } : {}),
      ...(failure ? { failure: toJson(failure) } : {}),
      wait_for: waiting?.for ?? null,
      wait_until: waiting?.until ?? null,
      wake_at: ended ? null : wakeAt,
      ...(ended ? { report: toJson(ended), ended_at: at } : {}),
      updated_at: at,
    })
    .where("id", "=", id)
    .execute();
}

async function cancelPending(trx: Transaction, id: SessionId, at: Date): Promise<void> {
  await trx
    .updateTable("effect")
    .set({ status: "cancelled", ended_at: at })
    .where("session_id", "=", id)
    .where("status", "=", "pending")
    .execute();
}

/** Answers the effects that workers can begin with. An effect whose key exists is left as it is. */
async function insertEffects(
  trx: Transaction,
  id: SessionId,
  entry: number,
  { at, effects }: Changes,
): Promise<readonly EffectId[]> {
  if (effects.length === 0) return [];
  const rows = effects.map(({ effect, performed }) => ({
    kind: effect.kind,
    subject: subjectOf(effect),
    payload: effect,
    status: performed ? "pending" : "done",
    ended_at: performed ? null : at,
  }));
  const inserted = await sql<{ id: EffectId; status: string }>`
    insert into effect (session_id, entry, kind, subject, payload, status, not_before, recorded_at, ended_at)
    select ${id}, ${entry}, kind, subject, payload, status, ${at}, ${at}, ended_at
    from jsonb_to_recordset(${toJson(rows)}::jsonb)
      as effect (kind text, subject text, payload jsonb, status text, ended_at timestamptz)
    on conflict (session_id, entry, kind, subject) do nothing
    returning id, status
  `.execute(trx);
  return inserted.rows.filter(({ status }) => status === "pending").map(({ id: effect }) => effect);
}

async function insertQuestions(
  trx: Transaction,
  id: SessionId,
  entry: number,
  { at, questions }: Changes,
): Promise<void> {
  if (questions.length === 0) return;
  await trx
    .insertInto("question")
    .values(
      questions.map((question) => ({
        session_id: id,
        entry,
        project_id: question.project,
        round: question.round,
        state: question.state,
        instance_ids: [...question.instances],
        instance_id: question.instance,
        allowed_actions: [...question.allowedActions],
        missing: question.missing && toJson(question.missing),
        members: question.members ? toJson(question.members) : null,
        asked_at: at,
        reply_by: question.replyBy,
        actions_at: question.actionsAt,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function markHosts(trx: Transaction, id: SessionId, { at, hosts }: Changes): Promise<void> {
  if (hosts.length === 0) return;
  // A host may be marked twice in one turn; the later mark counts.
  const marks = [...new Map(hosts.map((mark) => [mark.host, mark])).values()];
  await sql`
    update host set status = mark.status, updated_at = ${at}
    from jsonb_to_recordset(${toJson(marks)}::jsonb) as mark (host text, status jsonb)
    where host.session_id = ${id} and host.name = mark.host
  `.execute(trx);
}

/**
 * Puts the notifications into the outbox, with one delivery for each webhook that shall hear of them, and one for the bus.
 * Answers for whom there are any.
 */
async function insertNotifications(
  trx: Transaction,
  id: SessionId,
  { at, notifications }: Changes,
  { bus }: Channels,
): Promise<readonly ReceiverId[]> {
  if (notifications.length === 0) return [];
  const rows = notifications.map((payload) => ({
    id: randomUUID(),
    event_type: payload.type,
    project_id: payload.type === "maintenance.scheduled" ? payload.project : null,
    payload,
  }));
  const ids = rows.map((row) => row.id);
  // Numbers are given in the order in which their transactions commit: whoever has read up to one has missed none before
  // it. Always taken after the session's row.
  await sql`select pg_advisory_xact_lock(hashtextextended('order of notifications', 0))`.execute(trx);
  await sql`
    insert into notification (id, session_id, event_type, project_id, payload, created_at)
    select id, ${id}, event_type, project_id, payload, ${at}
    from jsonb_to_recordset(${toJson(rows)}::jsonb)
      as notification (id uuid, event_type text, project_id text, payload jsonb)
  `.execute(trx);
  // A project's webhook hears of that project only (I12); one without a project hears of all. The webhooks are held
  // so that one that is being removed at this moment does not fail the turn.
  await ringForNews(trx);
  const told = await sql<{ receiver: ReceiverId }>`
    with heard as (
      select notification.id as notification_id, webhook.id as webhook_id
      from notification
      join webhook on webhook.off_at is null and notification.event_type = any(webhook.events)
        and (webhook.project_id is null or webhook.project_id = notification.project_id)
      where notification.id = any(${ids}::uuid[])
      for key share of webhook
    )
    insert into delivery (notification_id, webhook_id, status, next_at)
    select notification_id, webhook_id, 'pending', ${at}::timestamptz from heard
    union all
    select id, null::uuid, 'pending', ${at}::timestamptz from notification where ${bus}::boolean and id = any(${ids}::uuid[])
    returning coalesce(webhook_id::text, 'bus') as receiver
  `.execute(trx);
  return [...new Set(told.rows.map(({ receiver }) => receiver))];
}
