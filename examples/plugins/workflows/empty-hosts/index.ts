/** Maintains the hosts that are empty anyway, one after another, and asks nobody. Hosts with instances are skipped. */
import {
  actionsOf,
  type Decision,
  defineWorkflow,
  type Effect,
  enter,
  fail,
  isCompute,
  isEmpty,
  isSettled,
  isUnderWay,
  perform,
  type SessionHost,
  subjectOf,
  type View,
  wait,
  windUp,
} from "#sdk";

export default defineWorkflow({
  name: "empty-hosts",
  initial: "MAINTENANCE",
  failed: "MAINTENANCE_FAILED",
  transitions: {
    MAINTENANCE: ["START_MAINTENANCE"],
    START_MAINTENANCE: ["MAINTENANCE_DONE"],
    MAINTENANCE_DONE: [],
    MAINTENANCE_FAILED: [],
  },
  steps: {
    MAINTENANCE: (view) => {
      const other = view.session.actions.find(({ phase }) => phase !== "host");
      if (other)
        return fail(`${other.plugin} is to run as ${other.phase}`, "This workflow runs actions of type host only.");
      const { maintenanceAt } = view.session;
      if (view.now < maintenanceAt) return wait("the maintenance to begin", maintenanceAt);
      // The first look also finds the hosts, where the admin named none.
      return undone(view, { kind: "observe", occasion: "begin" }) ?? enter("START_MAINTENANCE", "the time has come");
    },
    START_MAINTENANCE: (view) => {
      const next = view.hosts.find((host) => !isSettled(host));
      return next ? maintain(view, next) : enter("MAINTENANCE_DONE", "every host is settled");
    },
    MAINTENANCE_DONE: windUp, // Opens what is still closed, and reports.
    MAINTENANCE_FAILED: windUp,
  },
});

/** The next thing that is missing for this host. After a crash it is simply asked again. */
function maintain(view: View, host: SessionHost): Decision<never> {
  const { name } = host;
  if (!isCompute(host)) return mark(name, { kind: "skipped", reason: "it is no compute host" });
  // Closed first, looked at then: what came in between is seen.
  const unseen =
    undone(view, { kind: "close_host", host: name }) ?? undone(view, { kind: "check_empty", host: name, look: 1 });
  if (unseen) return unseen;
  const check = view.effect("check_empty", `${name}#1`)?.status;
  if (check?.kind !== "done") return mark(name, { kind: "skipped", reason: "nobody can tell whether it is empty" });
  if (!isEmpty(check.outcome)) return mark(name, { kind: "skipped", reason: "it has instances" });
  if (host.status.kind === "waiting") return mark(name, { kind: "in_maintenance", since: view.now });
  return (
    act(view, host) ??
    undone(view, { kind: "open_host", host: name }) ??
    mark(name, { kind: "maintained", at: view.now })
  );
}

/** Null once all actions are done on the host. */
function act(view: View, { name }: SessionHost): Decision<never> | null {
  const { actions } = view.session;
  for (const action of actionsOf(actions, "host")) {
    const { plugin, phase } = action;
    const run: Effect = { kind: "run_action", plugin, phase, host: name, index: actions.indexOf(action) };
    const missing = undone(view, run);
    if (missing) return missing;
    const status = view.effect("run_action", subjectOf(run))?.status;
    if (status?.kind !== "done") {
      const reason = `${plugin} did not succeed${status && "reason" in status ? `: ${status.reason}` : ""}`;
      return mark(name, { kind: "failed", reason });
    }
  }
  return null;
}

/** Asks for an effect and waits for its end, whatever that is. Null once it has ended. */
function undone(view: View, effect: Effect): Decision<never> | null {
  const record = view.effect(effect.kind, subjectOf(effect));
  const what = `${effect.kind} ${subjectOf(effect)}`;
  if (!record) return perform([effect], what);
  // The engine asks again as soon as it has ended; the hour is for people to know when to look.
  return isUnderWay(record) ? wait(what, new Date(record.recordedAt.getTime() + 3_600_000)) : null;
}

const mark = (host: SessionHost["name"], status: SessionHost["status"]): Decision<never> =>
  perform([{ kind: "mark_host", host, status }], "reason" in status ? status.reason : status.kind.replace("_", " "));
