/** When the hosts will be done, said with the news of a session: its admins need not ask. */
import type { MaintenanceSession, Notification } from "../domain/notification.ts";
import type { View } from "../domain/view.ts";
import { etaOf } from "../planner/eta/eta.ts";
import type { Changes, OpenSession } from "../ports/sessions.ts";

/** Up to so many hosts, each news of the session says it; past that the first, and whenever the percentage has moved. */
const HOSTS_SAID_ALWAYS = 100;

/** The changes with what is foretold in the news of the session. A session that has failed or ended has nothing to foretell. */
export async function foretold(view: View, changes: Changes, pace: OpenSession["pace"]): Promise<Changes> {
  const news = changes.notifications.find(isSessionNews);
  if (!news || view.failure !== null || changes.failure !== null || changes.ended !== null) return changes;
  if (!isWorthIt(view, news)) return changes;
  const marks = new Map(changes.hosts.map(({ host, status }) => [host, status]));
  const { session, instances, now } = view;
  const { maintenanceAt, options } = session;
  const hosts = view.hosts.map((host) => ({ ...host, status: marks.get(host.name) ?? host.status }));
  const eta = etaOf({ now, maintenanceAt, hosts, instances, options, pace: await pace() });
  if (eta === null) return changes;
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  const said = { p50: after(eta.p50Seconds), p95: after(eta.p95Seconds) };
  return {
    ...changes,
    notifications: changes.notifications.map((one) => (isSessionNews(one) ? { ...one, eta: said } : one)),
  };
}

const isSessionNews = (one: Notification): one is MaintenanceSession => one.type === "maintenance.session";

function isWorthIt({ hosts, entry }: View, { percentDone }: MaintenanceSession): boolean {
  if (hosts.length <= HOSTS_SAID_ALWAYS || entry.number === 1) return true;
  const before = hosts.filter(({ status }) => status.kind === "maintained").length;
  return percentDone !== Math.floor((100 * before) / hosts.length);
}
