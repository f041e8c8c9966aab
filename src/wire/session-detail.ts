/**
 * A6, `GET /v1/maintenance/{session_id}/detail`: everything about a session (reference §2.3). The original answered the
 * rows of its tables; their names and keys are kept, and what it did not know stands beside them.
 */
import { z } from "zod";
import type { SessionId } from "../domain/ids.ts";
import type { RequestedAction } from "../domain/session.ts";
import type { ActionRun, InstanceDetail, ProjectDetail, SessionDetail as Detail } from "../ports/reports.ts";
import { EtaAnswer, toEta } from "./eta.ts";
import { pythonRepr, withoutNulls } from "./python-text.ts";
import { Failure, toWaiting, Waiting } from "./session.ts";
import { formatTime, formatTimeOrNull, Time } from "./times.ts";

const ReasonedHost = z.object({ host: z.string(), reason: z.string() });

const Report = z
  .object({
    maintained: z.array(z.string()),
    not_maintained: z.array(ReasonedHost),
    still_closed: z.array(ReasonedHost),
  })
  .meta({ id: "Report", description: "how the session ended" });

const UnderWay = z
  .object({
    kind: z.string().meta({ example: "move_instance" }),
    subject: z.string(),
    since: Time,
    last_error: z.string().nullable().describe("what holds it up"),
  })
  .meta({ id: "UnderWay" });

/** On top and in `session`: the original's clients look for it in either place. */
const progress = {
  percent_done: z.int().describe("hosts maintained, in percent"),
  waiting: Waiting.nullable(),
  failure: Failure.nullable(),
  report: Report.nullable(),
};

const row = { session_id: z.uuid(), created_at: Time.nullable(), updated_at: Time.nullable() };

const SessionRow = z
  .object({
    ...row,
    ...progress,
    state: z.string(),
    prev_state: z.string().nullable(),
    maintenance_at: Time,
    ended_at: Time.nullable(),
    workflow: z.string(),
    meta: z.string().describe("`metadata` as Python text"),
    metadata: z.record(z.string(), z.unknown()),
    options: z.record(z.string(), z.unknown()),
    plan_digest: z.string().nullable().describe("the plan by which it was created"),
  })
  .meta({ id: "SessionRow" });

const ActionRow = z
  .object({
    ...row,
    id: z.string(),
    plugin: z.string(),
    type: z.string(),
    order: z.int(),
    meta: z.string().describe("`metadata` as Python text"),
    metadata: z.unknown(),
  })
  .meta({ id: "ActionRow" });

const RunRow = z
  .object({
    ...row,
    id: z.string(),
    plugin: z.string(),
    type: z.string(),
    hostname: z.string(),
    state: z.string().meta({ example: "DONE" }),
    attempt: z.int(),
    output: z.string(),
  })
  .meta({ id: "ActionRunRow", description: "one host action on one host" });

const HostRow = z
  .object({
    ...row,
    id: z.string(),
    hostname: z.string(),
    type: z.string().describe("the first of `roles`"),
    roles: z.array(z.string()),
    status: z.string().meta({ example: "in_maintenance" }),
    maintained: z.boolean(),
    disabled: z.boolean().describe("takes no new instances"),
    closed_by: z.enum(["session", "others"]).nullable(),
    details: z.string().nullable().describe("why it was skipped, or failed"),
    plugin: z.string().nullable().describe("the newest host action on it"),
    plugin_state: z.string().nullable(),
  })
  .meta({ id: "HostRow" });

const ProjectRow = z
  .object({
    ...row,
    id: z.string(),
    project_id: z.string(),
    state: z.string().nullable().meta({ example: "ACK_PLANNED_MAINTENANCE" }),
    managed: z.boolean().describe("somebody answers for it"),
  })
  .meta({ id: "ProjectRow" });

const InstanceRow = z
  .object({
    ...row,
    id: z.string(),
    instance_id: z.string(),
    instance_name: z.string(),
    project_id: z.string(),
    project_state: z.string().nullable(),
    state: z.string().meta({ example: "active" }),
    action: z.string().nullable(),
    action_done: z.boolean(),
    host: z.string().nullable(),
    replaced_by: z.string().nullable().describe("the instance that its project made in its place"),
    details: z.null(),
  })
  .meta({ id: "InstanceRow" });

export const SessionDetailAnswer = z
  .object({
    ...progress,
    eta: EtaAnswer.nullable(),
    session: SessionRow,
    action_plugins: z.array(ActionRow),
    action_plugin_instances: z.array(RunRow),
    download: z.array(z.string()).describe("always empty: plugins are installed by the operator"),
    hosts: z.array(HostRow),
    projects: z.array(ProjectRow),
    instances: z.array(InstanceRow),
    under_way: z.array(UnderWay),
  })
  .meta({ id: "SessionDetail" });

export function toSessionDetail(detail: Detail, now: Date): z.infer<typeof SessionDetailAnswer> {
  const { id } = detail;
  const projectStates = new Map(detail.projects.map((project) => [project.id, project.state]));
  const newestRuns = new Map(detail.runs.map((run) => [run.host, run]));
  return {
    ...toProgress(detail),
    eta: toEta(detail, now),
    session: toSessionRow(detail),
    action_plugins: detail.session.actions.map((action, index) => toActionRow(action, index, detail)),
    action_plugin_instances: detail.runs.map((run) => toRunRow(run, id)),
    download: [],
    hosts: detail.hosts.map((host) => toHostRow(host, newestRuns.get(host.name), id)),
    projects: detail.projects.map((project) => toProjectRow(project, id)),
    instances: detail.instances.map((one) => toInstanceRow(one, projectStates.get(one.project) ?? null, id)),
    under_way: detail.underWay.map(({ kind, subject, since, lastError }) => ({
      kind,
      subject,
      since: formatTime(since),
      last_error: lastError,
    })),
  };
}

const toProgress = (detail: Detail) => ({
  percent_done: detail.percentDone,
  waiting: toWaiting(detail),
  failure: detail.failure,
  report: detail.report && {
    maintained: [...detail.report.maintained],
    not_maintained: [...detail.report.notMaintained],
    still_closed: [...detail.report.stillClosed],
  },
});

const toSessionRow = (detail: Detail): z.infer<typeof SessionRow> => ({
  session_id: detail.id,
  ...toProgress(detail),
  state: detail.state,
  prev_state: detail.previousState,
  maintenance_at: formatTime(detail.maintenanceAt),
  ended_at: formatTimeOrNull(detail.endedAt),
  workflow: detail.workflow,
  meta: pythonText(detail.session.metadata),
  metadata: detail.session.metadata,
  options: detail.session.options,
  plan_digest: detail.session.planDigest,
  created_at: formatTime(detail.createdAt),
  updated_at: formatTime(detail.updatedAt),
});

const pythonText = (value: unknown): string => pythonRepr(withoutNulls(value));

const toActionRow = (
  { plugin, phase, order, metadata }: RequestedAction,
  index: number,
  { id, createdAt }: Detail,
): z.infer<typeof ActionRow> => ({
  id: String(index),
  session_id: id,
  plugin,
  type: phase,
  order,
  meta: pythonText(metadata),
  metadata,
  created_at: formatTime(createdAt),
  updated_at: null,
});

const toRunRow = (run: ActionRun, session: SessionId): z.infer<typeof RunRow> => ({
  id: run.id,
  session_id: session,
  plugin: run.plugin,
  type: run.phase,
  hostname: run.host,
  state: run.status.toUpperCase(),
  attempt: run.attempt,
  output: run.output,
  created_at: formatTimeOrNull(run.startedAt),
  updated_at: formatTimeOrNull(run.endedAt),
});

// A session has thousands of the rows below, and V8 takes a hundred times as long for one that begins with a spread.

const toHostRow = (
  host: Detail["hosts"][number],
  newestRun: ActionRun | undefined,
  session: SessionId,
): z.infer<typeof HostRow> => ({
  id: host.name,
  session_id: session,
  hostname: host.name,
  type: host.roles[0] ?? "other",
  roles: [...host.roles],
  status: host.status.kind,
  maintained: host.status.kind === "maintained",
  disabled: host.closure !== "open",
  closed_by: closedBy[host.closure],
  details: "reason" in host.status ? host.status.reason : null,
  plugin: newestRun?.plugin ?? null,
  plugin_state: newestRun?.status.toUpperCase() ?? null,
  created_at: formatTime(host.createdAt),
  updated_at: formatTime(host.updatedAt),
});

const closedBy = { open: null, closed_by_session: "session", closed_by_others: "others" } as const;

const toProjectRow = (project: ProjectDetail, session: SessionId): z.infer<typeof ProjectRow> => ({
  id: project.id,
  session_id: session,
  project_id: project.id,
  state: project.state,
  managed: project.managed,
  created_at: formatTime(project.createdAt),
  updated_at: formatTimeOrNull(project.updatedAt),
});

const toInstanceRow = (
  instance: InstanceDetail,
  projectState: string | null,
  session: SessionId,
): z.infer<typeof InstanceRow> => ({
  id: instance.id,
  session_id: session,
  instance_id: instance.id,
  instance_name: instance.name,
  project_id: instance.project,
  project_state: instance.actionDone ? "INSTANCE_ACTION_DONE" : projectState,
  state: instance.status.toLowerCase(),
  action: instance.action,
  action_done: instance.actionDone,
  host: instance.host,
  replaced_by: instance.replacedBy,
  details: null,
  created_at: formatTime(instance.createdAt),
  updated_at: formatTimeOrNull(instance.updatedAt),
});
