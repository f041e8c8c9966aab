/** Rows as the domain knows them. They were written by this program, so they are read without doubt. */
import type { Selectable } from "kysely";
import type { HostRole } from "../../domain/cloud.ts";
import { type EffectStatus, isPerformed } from "../../domain/effect.ts";
import type { HostName, InstanceId, ProjectId } from "../../domain/ids.ts";
import type { AskedQuestion, AskedState, MembersWanted, Reply } from "../../domain/question.ts";
import {
  type Closure,
  type InstanceAction,
  noLimits,
  type Session,
  type SessionHost,
  type SessionOptions,
} from "../../domain/session.ts";
import type { Snapshot } from "../../domain/view.ts";
import { readEffect, readHostStatus, trusted } from "./json.ts";
import type { Effect as EffectTable, Host as HostTable, Question as QuestionTable } from "./schema.ts";
import type { SessionRow } from "./session-lock.ts";

export const toSession = (
  row: Pick<SessionRow, "id" | "workflow" | "maintenance_at" | "metadata" | "options" | "actions" | "plan_digest">,
): Session => ({
  id: trusted(row.id),
  workflow: trusted(row.workflow),
  maintenanceAt: row.maintenance_at,
  metadata: trusted(row.metadata),
  options: { ...noLimits, ...trusted<SessionOptions>(row.options) },
  actions: trusted(row.actions),
  planDigest: row.plan_digest,
});

export const toHost = (row: Pick<Selectable<HostTable>, "name" | "roles" | "status" | "closure">): SessionHost => ({
  name: trusted<HostName>(row.name),
  roles: trusted<HostRole[]>(row.roles),
  status: readHostStatus(row.status),
  closure: trusted<Closure>(row.closure),
});

export const waitingOf = (row: Pick<SessionRow, "wait_for" | "wait_until">): Snapshot["waiting"] =>
  row.wait_for === null || row.wait_until === null ? null : { for: row.wait_for, until: row.wait_until };

/** What a snapshot needs of an effect; the output of a host action is not in it, since no step reads it. */
export const recordedColumns = [
  "entry",
  "payload",
  "status",
  "last_error",
  "recorded_at",
  "started_at",
  "ended_at",
  "outcome",
  "reason",
] as const satisfies readonly (keyof EffectTable)[];
type RecordedRow = Pick<Selectable<EffectTable>, (typeof recordedColumns)[number]>;

export function toEffectRecord(row: RecordedRow): Snapshot["effects"][number] {
  const effect = readEffect(row.payload);
  const status = toEffectStatus(row);
  return {
    effect,
    status: status.kind === "done" && !isPerformed(effect) ? { ...status, outcome: null } : status,
    recordedAt: row.recorded_at,
    entry: row.entry,
  };
}

function toEffectStatus(row: RecordedRow): EffectStatus {
  const at = row.ended_at ?? row.recorded_at;
  const kind = trusted<EffectStatus["kind"]>(row.status);
  switch (kind) {
    case "pending":
      return { kind, lastError: row.last_error };
    case "running":
      return { kind, since: row.started_at ?? row.recorded_at };
    case "done":
      return { kind, at, outcome: trusted(row.outcome) };
    case "failed":
    case "unknown":
      return { kind, at, reason: row.reason ?? "" };
    case "cancelled":
      return { kind, at };
  }
}

/** A question joined with its reply, whose columns are null when there is none. */
export type AskedRow = Selectable<QuestionTable> & {
  readonly answer: string | null;
  readonly instance_actions: unknown;
  readonly reason: string | null;
  readonly retry_at: Date | null;
  readonly received_at: Date | null;
};

export const toQuestion = (row: AskedRow): AskedQuestion => ({
  project: trusted<ProjectId>(row.project_id),
  state: trusted<AskedState>(row.state),
  round: row.round,
  instances: trusted<InstanceId[]>(row.instance_ids),
  instance: trusted<InstanceId | null>(row.instance_id),
  allowedActions: trusted<InstanceAction[]>(row.allowed_actions),
  replyBy: row.reply_by,
  actionsAt: row.actions_at,
  missing: trusted(row.missing),
  ...(row.members === null ? {} : { members: trusted<MembersWanted[]>(row.members) }),
  reply: toReply(row),
});

function toReply({ answer, instance_actions, reason, retry_at, received_at }: AskedRow): Reply | null {
  if (answer === null || received_at === null) return null;
  const actions = Object.entries(trusted<Record<InstanceId, InstanceAction>>(instance_actions));
  return {
    answer: trusted<Reply["answer"]>(answer),
    actions: new Map(actions.map(([id, action]) => [trusted<InstanceId>(id), action])),
    reason,
    retryAt: retry_at,
    at: received_at,
  };
}
