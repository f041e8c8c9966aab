/** What is going on in a session, drawn for a person who looks on. Pure: the same answers give the same picture. */
import type { Detail, Host, TimelineEntry } from "./answers.ts";
import { etaBasis, etaInWords } from "./eta-words.ts";
import { table } from "./table.ts";
import { isWorthFollowing, timelineLine } from "./timeline-words.ts";
import { duration, readWireTime } from "./when.ts";

export interface Picture {
  readonly detail: Detail;
  /** What happened, oldest first. */
  readonly timeline: readonly TimelineEntry[];
  readonly now: Date;
  /** Why the picture may be old; null when it is fresh. */
  readonly trouble: string | null;
  /** Puts names where ids are. */
  readonly named: (text: string) => string;
}

/** Recent events shown under the hosts. */
const EVENTS = 6;
const BAR = 24;

export function progressLines(picture: Picture, size: { readonly columns: number; readonly rows: number }): string[] {
  const { detail, timeline, trouble, named } = picture;
  const above = [headline(picture), ...outlook(picture), ...present(picture), ""];
  // What it waits for now is told above; what it waited for before is no news.
  const news = timeline.filter((entry) => isWorthFollowing(entry) && entry.kind !== "waiting");
  const events = news.slice(-EVENTS).map((entry) => timelineLine(entry, named));
  const below = ["", ...events, ...(trouble === null ? [] : [`no news: ${trouble}`])];
  // One line is left for the cursor; without it the screen would scroll.
  const room = size.rows - above.length - below.length - 1;
  return [...above, ...hostLines(detail, room), ...below].map((line) => cut(line, size.columns));
}

function headline({ detail, now }: Picture): string {
  const { session, percent_done, hosts } = detail;
  const filled = Math.round((percent_done / 100) * BAR);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR - filled)}`;
  const done = hosts.filter(({ status }) => status === "maintained").length;
  const end = session.ended_at === null ? now : readWireTime(session.ended_at);
  const age = duration(end.getTime() - readWireTime(session.created_at).getTime());
  return `${session.state}  ${bar}  ${done} of ${hosts.length} hosts maintained, ${age}`;
}

const outlook = ({ detail: { eta }, now }: Picture): string[] =>
  eta ? [`done ${etaInWords(eta, now)}`, `  ${etaBasis(eta)}`] : [];

/** What it waits for and until when, and what is under way. */
function present({ detail, now, named }: Picture): string[] {
  const { waiting, session } = detail;
  const lines = underWayInWords(detail, now);
  if (session.ended_at !== null) return lines;
  if (waiting !== null) lines.unshift(`waits for ${named(waiting.for)}, ${deadline(waiting.until, now)}`);
  return lines.length > 0 ? lines : ["decides what is next"];
}

function deadline(until: string, now: Date): string {
  const left = readWireTime(until).getTime() - now.getTime();
  return left > 0 ? `at most ${duration(left)} more (until ${until.slice(11)} UTC)` : "whose time is over";
}

/** One sentence for each thing that is being done, and what holds it up. */
export function underWayInWords(detail: Detail, now?: Date): string[] {
  return detail.under_way.map((work) => {
    const since = now === undefined ? "" : `, for ${duration(now.getTime() - readWireTime(work.since).getTime())}`;
    return `${sentence(work, detail)}${since}${work.last_error === null ? "" : `; held up: ${work.last_error}`}`;
  });
}

function sentence({ kind, subject }: Detail["under_way"][number], detail: Detail): string {
  const [what = "", number = ""] = subject.split(/[#/]/);
  switch (kind) {
    case "move_instance": {
      const instance = detail.instances.find(({ instance_id }) => instance_id === what);
      const again = Number(number) > 1 ? `, try ${number}` : "";
      return `moves ${instance?.instance_name ?? what} off ${instance?.host ?? "its host"}${again}`;
    }
    case "run_action":
      return `runs ${detail.hosts.find(({ hostname }) => hostname === what)?.plugin ?? "a host action"} on ${what}`;
    case "check_empty":
      return `looks whether ${what} is empty`;
    case "close_host":
      return `closes ${what} to new instances`;
    case "open_host":
      return `opens ${what} to new instances`;
    case "observe":
      return "looks at the whole cloud";
    default:
      return `${kind} ${subject}`;
  }
}

/** The hosts that are being worked on come first when not all of them fit. */
function hostLines(detail: Detail, room: number): string[] {
  const head = ["HOST", "ROLES", "STATUS", "INSTANCES", "REMARK"];
  const lines = (rows: readonly (readonly string[])[]) => table(head, rows, "no hosts yet").trimEnd().split("\n");
  const { hosts } = detail;
  if (hosts.length + 1 <= room) return lines(hostRows(detail));
  const byUrgency = hosts.toSorted((a, b) => urgency(a) - urgency(b));
  const shown = new Set(byUrgency.slice(0, Math.max(0, room - 2)));
  const hidden = hosts.filter((host) => !shown.has(host));
  return [...lines(hostRows({ ...detail, hosts: hosts.filter((host) => shown.has(host)) })), `and ${inCounts(hidden)}`];
}

const order = ["in_maintenance", "draining", "failed", "skipped", "waiting", "maintained"];
const urgency = ({ status }: Host): number => order.indexOf(status);

function inCounts(hosts: readonly Host[]): string {
  const counts = new Map<string, number>();
  for (const { status } of hosts) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${readable(status)}`).join(", ");
}

export function hostRows({ hosts, instances }: Pick<Detail, "hosts" | "instances">): readonly (readonly string[])[] {
  return hosts.map((host) => [
    host.hostname,
    host.roles.join(","),
    readable(host.status),
    host.roles.includes("compute") ? `${instances.filter((instance) => instance.host === host.hostname).length}` : "-",
    remark(host),
  ]);
}

function remark({ disabled, closed_by, details, plugin, plugin_state }: Host): string {
  const remarks = [
    ...(details === null ? [] : [details]),
    ...(disabled ? [closed_by === "others" ? "closed by others" : "closed"] : []),
    ...(plugin === null ? [] : [`${plugin} ${plugin_state?.toLowerCase() ?? ""}`.trim()]),
  ];
  return remarks.join("; ");
}

const readable = (status: string): string => status.replaceAll("_", " ");

const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
