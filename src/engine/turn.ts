/** What one decision changes, as plain data: pure, so that every rule of the engine can be tested by a table. */
import type { Decision } from "../domain/decision.ts";
import { type Effect, isPerformed, subjectOf } from "../domain/effect.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { HostNews, Notification } from "../domain/notification.ts";
import type { Question } from "../domain/question.ts";
import { inWords, type Resources } from "../domain/resources.ts";
import type { HostStatus } from "../domain/session.ts";
import type { View } from "../domain/view.ts";
import { instanceIn } from "../planner/index-facts.ts";
import type { Changes } from "../ports/sessions.ts";

/** Nothing is changed yet, and the session is due again at once. */
const unchanged = (at: Date): Changes => ({
  at,
  enter: null,
  failure: null,
  cancelPending: false,
  effects: [],
  questions: [],
  notifications: [],
  hosts: [],
  waiting: null,
  wakeAt: at,
  ended: null,
  journal: [],
});

/** The changes of a decision that has been checked (see `decide`). `failed` is the state a failed session goes to. */
export function changesOf(view: View, decision: Decision, failed: string): Changes {
  const at = view.now;
  switch (decision.kind) {
    case "enter":
      return entered(view, decision.state, decision.why);
    case "fail": {
      const { reason, advice } = decision;
      const text = `failed in ${view.entry.state}: ${reason}`;
      const failing = entered(view, failed, text);
      return {
        ...failing,
        failure: { reason, advice },
        cancelPending: true,
        journal: [{ at, kind: "session_failed", subject: null, text, data: { reason, advice } }, ...failing.journal],
      };
    }
    case "perform":
      return performing(view, decision.effects, decision.why);
    case "wait": {
      const what = decision.for + heldUp(view);
      return {
        ...unchanged(at),
        waiting: { for: what, until: decision.until },
        wakeAt: decision.until,
        journal: view.waiting?.for === what ? [] : [waitingEntry(at, what, decision.until)],
      };
    }
    case "end": {
      const { maintained, notMaintained } = decision.report;
      const text = `ended in ${view.entry.state}: ${maintained.length} hosts maintained, ${notMaintained.length} not`;
      return {
        ...unchanged(at),
        wakeAt: null,
        ended: decision.report,
        journal: [{ at, kind: "session_ended", subject: null, text, data: { report: decision.report } }],
      };
    }
  }
}

/** What is in the way of the effects under way, such as a cloud that does not answer: the first that is, for people. */
function heldUp({ underWay }: View): string {
  for (const { status } of underWay)
    if (status.kind === "pending" && status.lastError !== null) return ` (tried in vain so far: ${status.lastError})`;
  return "";
}

/** A new entry of a state, told to admins. */
export function entered(view: View, state: string, why: string): Changes {
  const at = view.now;
  return {
    ...unchanged(at),
    enter: { state },
    notifications: [sessionNews(view, state, [])],
    journal: [
      {
        at,
        kind: "state_entered",
        subject: null,
        text: `${state}: ${why}`,
        data: { state, from: view.entry.state, why },
      },
    ],
  };
}

function performing(view: View, effects: readonly Effect[], why: string): Changes {
  const at = view.now;
  const fresh = effects.filter((effect) => !view.effect(effect.kind, subjectOf(effect)));
  const marks = fresh.filter((effect) => effect.kind === "mark_host");
  const settled = marks.some(({ status }) => status.kind === "maintained");
  return {
    ...unchanged(at),
    effects: fresh.map((effect) => ({ effect, performed: isPerformed(effect) })),
    questions: fresh.flatMap((effect) => (effect.kind === "ask" ? [effect.question] : [])),
    hosts: marks.map(({ host, status }) => ({ host, status })),
    notifications: [
      ...fresh.flatMap((effect) => notificationsOf(effect, view)),
      ...(settled ? [sessionNews(view, view.entry.state, marks)] : []),
    ],
    journal: fresh.map((effect) => recordedEntry(effect, why, view)),
  };
}

function notificationsOf(effect: Effect, view: View): Notification[] {
  switch (effect.kind) {
    case "ask":
      return [questionNews(effect.question, view)];
    case "tell_moved":
      return [
        {
          type: "maintenance.scheduled",
          project: effect.project,
          state: "INSTANCE_ACTION_DONE",
          instances: [effect.instance],
          instance: null,
          allowedActions: [],
          replyBy: null,
          actionsAt: null,
          missing: null,
          metadata: {},
        },
      ];
    case "mark_host": {
      const state = announcedAs(effect.status);
      return state === null ? [] : [{ type: "maintenance.host", host: effect.host, state }];
    }
    case "observe":
    case "close_host":
    case "open_host":
    case "remove_host":
    case "check_empty":
    case "move_instance":
    case "run_action":
    case "note_own_action":
      return [];
  }
}

function questionNews(question: Question, view: View): Notification {
  const { project, state, instances, instance, allowedActions, replyBy, actionsAt, missing, members } = question;
  const { metadata } = view.session;
  return {
    type: "maintenance.scheduled",
    project,
    state,
    instances,
    instance,
    allowedActions,
    replyBy,
    actionsAt,
    missing,
    ...(members === undefined ? {} : { members }),
    metadata,
  };
}

/**
 * What infrastructure services hear. A host whose action failed is announced as back too: they must not believe for
 * ever that it is down on purpose (reference B24), and the session's report says what is wrong with it.
 */
function announcedAs(status: HostStatus): HostNews | null {
  switch (status.kind) {
    case "in_maintenance":
      return "IN_MAINTENANCE";
    case "maintained":
      return status.as === undefined ? "MAINTENANCE_COMPLETE" : status.as === "added" ? "HOST_ADDED" : "HOST_REMOVED";
    case "failed":
      return "MAINTENANCE_COMPLETE";
    case "waiting":
    case "draining":
    case "skipped":
      return null;
  }
}

function sessionNews(view: View, state: string, marks: readonly { host: string; status: HostStatus }[]): Notification {
  const marked = new Map(marks.map(({ host, status }) => [host, status]));
  const done = view.hosts.filter((host) => (marked.get(host.name) ?? host.status).kind === "maintained");
  const percentDone = view.hosts.length === 0 ? 0 : Math.floor((100 * done.length) / view.hosts.length);
  return { type: "maintenance.session", state, percentDone };
}

export const waitingEntry = (at: Date, what: string, until: Date): JournalEntry => ({
  at,
  kind: "waiting",
  subject: null,
  text: `waits for ${what}, until ${until.toISOString()}`,
  data: { for: what, until: until.toISOString() },
});

function recordedEntry(effect: Effect, why: string, view: View): JournalEntry {
  const at = view.now;
  switch (effect.kind) {
    case "ask": {
      const { project, state, round, instances, instance, allowedActions, replyBy, actionsAt, missing, members } =
        effect.question;
      const count = (members ?? []).reduce((sum, one) => sum + one.instances, 0);
      const by = count > 0 ? ` (${count} of its instances)` : "";
      const needs = missing ? `, missing ${inWords(missing)}${by}` : "";
      const again = round > 1 ? ` (round ${round})` : "";
      return {
        at,
        kind: "project_asked",
        subject: project,
        text: `${state} asked${again} about ${instances.length} instances${needs}; reply by ${replyBy.toISOString()}`,
        data: {
          ...{ state, round, instances, instance, allowedActions, missing },
          ...(members === undefined ? {} : { members }),
          replyBy: replyBy.toISOString(),
          actionsAt: actionsAt.toISOString(),
        },
      };
    }
    case "tell_moved":
      return { at, kind: "project_told", subject: effect.project, text: `told that ${effect.instance} has moved` };
    case "note_own_action": {
      const { project, instance, group, replacement } = effect;
      const instead = replacement === null ? "" : `: ${replacement} took its place`;
      return {
        at,
        kind: "own_action_done",
        subject: instance,
        text: `project ${project} has done its OWN_ACTION${instead}`,
        data: { project, group, replacement },
      };
    }
    case "mark_host": {
      const { status } = effect;
      const because = "reason" in status ? `: ${status.reason}` : "";
      return {
        at,
        kind: "host_marked",
        subject: effect.host,
        text: `${(status.kind === "maintained" && status.as) || status.kind.replace("_", " ")}${because}`,
        data: { status },
      };
    }
    case "observe":
    case "close_host":
    case "open_host":
    case "remove_host":
    case "check_empty":
    case "move_instance":
    case "run_action":
      return {
        at,
        kind: "effect_recorded",
        subject: subjectOf(effect),
        text: `${inPlan(effect)} (${why})`,
        data: { effect, ...demandOf(effect, view) },
      };
  }
}

/** How much a move takes with it: what its destination is judged by afterwards. */
function demandOf(effect: Effect, { facts }: View): { readonly demand?: Resources } {
  const instance = effect.kind === "move_instance" && facts ? instanceIn(facts, effect.instance) : undefined;
  return instance ? { demand: instance.demand } : {};
}

/** What is going to be done, for the timeline. */
export function inPlan(effect: Effect): string {
  switch (effect.kind) {
    case "observe":
      return "look at the cloud";
    case "close_host":
      return `close ${effect.host}`;
    case "open_host":
      return `open ${effect.host}`;
    case "remove_host":
      return `delete the compute service of ${effect.host}`;
    case "check_empty":
      return `see whether ${effect.host} is empty`;
    case "move_instance":
      return `${effect.how} ${effect.instance} from ${effect.from} to ${effect.to ?? "wherever the scheduler likes"}, try ${effect.attempt}`;
    case "run_action":
      return `run ${effect.plugin} (${effect.phase}) on ${effect.host}`;
    case "ask":
    case "tell_moved":
    case "note_own_action":
    case "mark_host":
      return effect.kind;
  }
}
