/** Sessions in words: a line each, or one with everything that an operator asks first. */
import type { Detail, Summary } from "./answers.ts";
import { etaBasis, etaInWords } from "./eta-words.ts";
import { hostRows, underWayInWords } from "./progress.ts";
import { table } from "./table.ts";

export function sessionsInWords(sessions: readonly Summary[]): string {
  const rows = sessions.map(
    ({ session_id, state, percent_done, workflow, maintenance_at, failure, waiting, ended_at }) => [
      session_id,
      state,
      `${percent_done} %`,
      workflow,
      maintenance_at,
      failure?.reason ?? (waiting !== null && ended_at === null ? `waits for ${waiting.for}` : "-"),
    ],
  );
  return table(["ID", "STATE", "DONE", "WORKFLOW", "FROM", "REMARK"], rows, "no sessions");
}

export function sessionInWords(detail: Detail, now: Date): string {
  const { session, percent_done, waiting } = detail;
  const facts = [
    ["Session", session.session_id],
    ["State", session.state],
    ["Workflow", session.workflow],
    ["Hosts done", `${percent_done} %`],
    ...(detail.eta ? [["Done", `${etaInWords(detail.eta, now)}; ${etaBasis(detail.eta)}`]] : []),
    ["From", `${session.maintenance_at} UTC`],
    ["Ended", session.ended_at === null ? "not yet" : `${session.ended_at} UTC`],
    ...(waiting === null || session.ended_at !== null
      ? []
      : [["Waits for", `${waiting.for}, until ${waiting.until} UTC`]]),
  ];
  return [
    facts.map(([name = "", value]) => `${name.padEnd(10)}  ${value}\n`).join(""),
    ...endInWords(detail),
    table(["HOST", "ROLES", "STATUS", "INSTANCES", "REMARK"], hostRows(detail), "no hosts yet"),
    ...section("Under way", underWayInWords(detail)),
    table(["PROJECT", "STATE", "MANAGER"], detail.projects.map(projectRow), "no projects"),
    table(["INSTANCE", "PROJECT", "HOST", "STATUS", "ACTION"], instanceRows(detail), "no instances"),
    ...detail.action_plugin_instances.filter(({ output }) => output.trim() !== "").map(runInWords),
  ].join("\n");
}

/** Why it failed and what to do, and which hosts need a look. */
export function endInWords({ failure, report }: Detail): readonly string[] {
  const hosts = [
    ...(report?.not_maintained ?? []).map(({ host, reason }) => `${host} was not maintained: ${reason}`),
    ...(report?.still_closed ?? []).map(({ host, reason }) => `${host} takes no new instances: ${reason}`),
  ];
  return [
    ...(failure === null ? [] : [`Failed: ${failure.reason}\nWhat to do: ${failure.advice}\n`]),
    ...(hosts.length === 0 ? [] : [`${hosts.join("\n")}\n`]),
  ];
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`${title}\n${lines.map((line) => `  ${line}\n`).join("")}`];

const projectRow = ({ project_id, state, managed }: Detail["projects"][number]): readonly string[] => [
  project_id,
  state ?? "not asked",
  managed ? "yes" : "none",
];

function instanceRows({ instances }: Detail): readonly (readonly string[])[] {
  const byName = instances.toSorted((a, b) => a.instance_name.localeCompare(b.instance_name, "en", { numeric: true }));
  return byName.map(({ instance_name, project_id, host, state, action, action_done }) => [
    instance_name,
    project_id,
    host ?? "-",
    state,
    action === null ? "-" : `${action}${action_done ? " done" : ""}`,
  ]);
}

const runInWords = ({ plugin, type, hostname, state, output }: Detail["action_plugin_instances"][number]): string =>
  `Output of ${plugin} (${type}) on ${hostname}, ${state.toLowerCase()}\n${output.trimEnd().replaceAll(/^/gm, "  ")}\n`;
