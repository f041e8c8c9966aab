/** What is done to a host that is empty: it is announced, its actions run, and it is given back. */
import { fail, perform, type SessionHost, type View } from "#sdk";
import { untilMoved } from "./doors.ts";
import { type Hold, troubleWith } from "./hold.ts";
import { phasesOf, runActions } from "./host-actions.ts";

/** Announces the host, runs its actions, and gives it back. */
export function visit(view: View, host: SessionHost): Hold {
  const { name } = host;
  if (host.status.kind !== "in_maintenance")
    return perform(
      [{ kind: "mark_host", host: name, status: { kind: "in_maintenance", since: view.now } }],
      "its turn has come",
    );
  const run = runActions(view, name, phasesOf(host));
  if (run?.kind === "trouble") return mark(host, { kind: "failed", reason: run.reason });
  return run ?? reopen(view, host) ?? mark(host, { kind: "maintained", at: view.now });
}

/** One that cannot be opened now is maintained all the same; MAINTENANCE_COMPLETE tries again. */
function reopen(view: View, { name, closure }: SessionHost): Hold | null {
  const record = view.effect("open_host", name);
  if (record) return untilMoved(view, record);
  return closure === "closed_by_session"
    ? perform([{ kind: "open_host", host: name }], "its maintenance is done")
    : null;
}

const mark = ({ name }: SessionHost, status: SessionHost["status"]): Hold =>
  perform(
    [{ kind: "mark_host", host: name, status }],
    status.kind === "failed" ? status.reason : "all its host actions are done",
  );

/** Ends the session when the action of a host failed and the policy says so. */
export function failedHere(view: View): Hold | null {
  if (view.session.options.on_failed_action === "skip_host") return null;
  for (const record of view.effectsOf("run_action")) {
    if (troubleWith(record) === null) continue;
    const host = view.hosts.find(({ name }) => name === record.effect.host);
    const run = host?.status.kind === "failed" ? runActions(view, host.name, phasesOf(host)) : null;
    if (run?.kind === "trouble") return fail(run.reason, run.advice);
  }
  return null;
}
