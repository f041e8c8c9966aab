import { type CloudFacts, enter, fail, LOCALHOST, perform, resources, type SessionHost, type View, wait } from "#sdk";
import { ask, failFor, isAsked, isManaged, projectsOn, untilAnswered, type Unwilling, unwilling } from "../consent.ts";
import { after, type Hold, look } from "../hold.ts";
import { runActions } from "../host-actions.ts";
import { computesLeft, knownTo, skip } from "../hosts.ts";
import { reserveOutOfReach } from "../operator-limits.ts";
import type { StepOf } from "../transitions.ts";
import { wayOn } from "../way-on.ts";

/** Asks every affected project, waits for the time of the maintenance, and decides the way on from fresh facts. */
export const maintenance: StepOf<"MAINTENANCE"> = (view) => {
  const { maintenanceAt } = view.session;
  const arrival = look(view, "arrival", "to see which projects are affected");
  if (arrival.kind !== "seen") return arrival;
  if (view.hosts.length === 0) return fail("the session has no hosts", "Make a session that names at least one host.");
  const impossible = failForReserve(view, arrival.facts);
  if (impossible) return impossible;
  const unanswered = agree(view, arrival.facts);
  if (unanswered) return unanswered;
  if (view.now < maintenanceAt) return wait("the maintenance to begin", maintenanceAt);

  // Hours may have passed: projects that came meanwhile are asked too (reference B21, B26).
  const start = look(view, "start", "right before the start");
  if (start.kind !== "seen") return start;
  const latecomers = agree(view, start.facts);
  if (latecomers) return latecomers;
  const pre = runActions(view, LOCALHOST, ["pre"]);
  if (pre) return pre.kind === "trouble" ? fail(pre.reason, pre.advice) : pre;
  const ready = view.effectsOf("run_action").length === 0 ? start : look(view, "ready", "after the pre actions");
  if (ready.kind !== "seen") return ready;
  const { state, why } = wayOn(view, ready.facts);
  return enter(state === "PLANNED_MAINTENANCE" ? "PREPARE_MAINTENANCE" : state, why);
};

/** A reserve that the whole cloud cannot keep, a name in it that is no resource for example, is told before anybody is asked. */
function failForReserve(view: View, facts: CloudFacts): Hold | null {
  const computes = facts.computes.map(({ name }) => name);
  const leaving = knownTo(facts, computesLeft(view)).map(({ name }) => name);
  const beyond = reserveOutOfReach(view, facts, leaving, (host) => computes.filter((name) => name !== host));
  if (beyond === null) return null;
  const { host, missing } = beyond;
  return fail(
    `the reserve is more than the cloud has without ${host}, even if it were empty: ${resources.inWords(missing)} are missing`,
    "Make a session with a smaller reserve, of resources that the hosts have: vcpus, memory_mb, disk_gb, or a resource class of Placement.",
  );
}

/** Null when every project on hosts still to be maintained has agreed, or a policy says what to do without. */
function agree(view: View, facts: CloudFacts): Hold | null {
  const { session, now } = view;
  const affected = projectsOn(
    facts,
    computesLeft(view).map(({ name }) => name),
  );
  const unwillings = unwilling(view, affected);
  const failing = failFor(unwillings) ?? skipHostsOf(view, facts, unwillings);
  if (failing) return failing;
  const unasked = affected.filter((project) => isManaged(view, project) && !isAsked(view, project));
  if (unasked.length === 0) return untilAnswered(view);
  return perform(
    unasked.map((project) =>
      ask(view, {
        state: "MAINTENANCE",
        project,
        instances: facts.instances
          .filter((one) => one.project === project && isOnSession(view, one.host))
          .map(({ id }) => id),
        allowedActions: [],
        replyBy: after(now, session.options.reply_seconds),
        actionsAt: session.maintenanceAt,
      }),
    ),
    "every affected project is asked whether maintenance may begin",
  );
}

const isOnSession = ({ hosts }: View, host: SessionHost["name"] | null): boolean =>
  hosts.some(({ name }) => name === host);

function skipHostsOf(view: View, facts: CloudFacts, unwillings: readonly Unwilling[]): Hold | null {
  for (const { project, policy, why } of unwillings) {
    if (policy !== "skip_host") continue;
    const hosts = computesLeft(view).filter(({ name }) => projectsOn(facts, [name]).includes(project));
    if (hosts.length > 0) return skip(view, hosts, why);
  }
  return null;
}
