/** Prepares new hosts before they take instances: each is closed, seen to be empty, worked on, and opened. */
import { enter, fail, isCompute, isEmpty, isSettled, perform, type SessionHost, type View } from "#sdk";
import { closed, untilMoved } from "../shared/doors.ts";
import { type Hold, troubleWith, untilEnded } from "../shared/hold.ts";
import { atMostPerZone, untilWindowEnd } from "../shared/operator-limits.ts";
import { together } from "../shared/rolling/together.ts";
import { failedHere, mark, visitThen } from "../shared/visit.ts";
import type { StepOf } from "./transitions.ts";

export const prepareHosts: StepOf<"START_MAINTENANCE"> = (view) => {
  const failed = failedHere(view) ?? untilWindowEnd(view);
  if (failed) return failed;
  const left = view.hosts.filter((host) => !isSettled(host));
  const begun = left.filter(({ status }) => status.kind !== "waiting");
  const next = left.filter(({ status }) => status.kind === "waiting");
  const now = atMostPerZone(view, [...begun, ...next]).slice(0, view.session.options.hosts_at_once);
  return together(now.map((host) => prepare(view, host))) ?? enter("MAINTENANCE_COMPLETE", "every host is settled");
};

function prepare(view: View, host: SessionHost): Hold {
  const why = "it is prepared before it takes instances";
  const door = isCompute(host) ? (closed(view, host, why) ?? untilEmpty(view, host)) : null;
  return door ?? visit(view, host);
}

const visit = visitThen(
  (view, host) => opened(view, host) ?? mark(host, { kind: "maintained", at: view.now, as: "added" }),
);

/** Nova lets new services begin disabled, so that they can be prepared: such a host is opened too. */
function opened(view: View, { name, closure }: SessionHost): Hold | null {
  const record = view.effect("open_host", name);
  if (record) return untilMoved(view, record);
  return closure === "open" ? null : perform([{ kind: "open_host", host: name, adopt: true }], "it is prepared");
}

/** A quarter of an hour leaves room for a cloud that is out of reach for a while. */
const CHECK_SECONDS = 900;

/** Null when nobody is on it: only then may its actions run (invariant I1). */
function untilEmpty(view: View, host: SessionHost): Hold | null {
  const { name } = host;
  const record = view.effect("check_empty", `${name}#1`);
  if (!record) return perform([{ kind: "check_empty", host: name, look: 1 }], `${name} is new, and closed`);
  const hold = untilEnded(view, record, `a look whether ${name} is empty`, CHECK_SECONDS);
  if (hold) return hold;
  const trouble = troubleWith(record);
  if (trouble === null && record.status.kind === "done" && isEmpty(record.status.outcome)) return null;
  const reason =
    trouble === null ? `${name} is not new: instances are on it` : `it is not known who is on ${name}: ${trouble}`;
  if (view.session.options.on_failed_action === "skip_host") return mark(host, { kind: "skipped", reason });
  return fail(reason, "Maintain a host that is in use by the workflow default or vnf, or leave it out; then continue.");
}
