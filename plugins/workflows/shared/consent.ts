/** Asking projects, and what follows when one does not cooperate. */
import {
  type AskedState,
  type Ask,
  type CloudFacts,
  fail,
  type HostName,
  type InstanceAction,
  type InstanceId,
  type MembersWanted,
  type Policy,
  type ProjectId,
  type Resources,
  type View,
  wait,
} from "#sdk";
import { standing } from "./asks.ts";
import type { Hold } from "./hold.ts";

/** The projects with instances on these hosts, in a fixed order. */
export function projectsOn({ instances }: CloudFacts, hosts: readonly HostName[]): readonly ProjectId[] {
  const there = instances.filter(({ host }) => host !== null && hosts.includes(host));
  return [...new Set(there.map(({ project }) => project))].toSorted();
}

export const isManaged = ({ projects }: View, project: ProjectId): boolean =>
  projects.some(({ id, managed }) => id === project && managed);

export const managedProjects = ({ projects }: View): readonly ProjectId[] =>
  projects.filter(({ managed }) => managed).map(({ id }) => id);

export const isAsked = ({ questions }: View, project: ProjectId): boolean =>
  questions.some((question) => question.project === project);

export interface Asking {
  readonly state: AskedState;
  readonly project: ProjectId;
  readonly instances: readonly InstanceId[];
  /** The one instance it is about, if it has a link of its own. */
  readonly instance?: InstanceId;
  readonly allowedActions: readonly InstanceAction[];
  readonly replyBy: Date;
  readonly actionsAt: Date;
  readonly missing?: Resources;
  readonly members?: readonly MembersWanted[];
}

/** Asks a project; the new question is the next round. `before` counts those to the same project in the same decision. */
export const ask = (view: View, { missing, instance, ...question }: Asking, before = 0): Ask => ({
  kind: "ask",
  question: {
    ...question,
    instance: instance ?? null,
    missing: missing ?? null,
    round: 1 + before + view.questions.filter(({ project }) => project === question.project).length,
  },
});

/** A project that does not cooperate, and what the session does about it. */
export interface Unwilling {
  readonly project: ProjectId;
  readonly kind: "no_manager" | "nack" | "silence";
  readonly policy: Policy;
  readonly why: string;
}

/** Of these projects, those nobody answers for; and all that said no or nothing to what they were asked in this entry. */
export function unwilling(view: View, affected: readonly ProjectId[]): readonly Unwilling[] {
  const { on_no_manager, on_nack, on_silence } = view.session.options;
  const { refused, silent } = view.answers(standing(view));
  return [
    ...affected
      .filter((project) => !isManaged(view, project) && !isAsked(view, project))
      .map((project) => {
        const why = `project ${project} has no manager that Fenix could ask`;
        return { project, kind: "no_manager", policy: on_no_manager, why } as const;
      }),
    ...refused.map(({ project, instance, reason }) => {
      const why = refusalInWords({ project, instance, state: view.entry.state }, reason);
      return { project, kind: "nack", policy: on_nack, why } as const;
    }),
    ...silent.map((project) => {
      const why = `project ${project} did not answer ${view.entry.state} in time`;
      return { project, kind: "silence", policy: on_silence, why } as const;
    }),
  ];
}

export const refusalInWords = (
  {
    project,
    instance,
    state,
  }: { readonly project: ProjectId; readonly instance: InstanceId | null; readonly state: string },
  reason: string | null,
): string =>
  `project ${project} said no to ${state}${instance === null ? "" : ` for ${instance}`}${reason === null ? "" : `: ${reason}`}`;

export const adviceFor = (kind: Unwilling["kind"]): string => advice[kind];

const advice: Readonly<Record<Unwilling["kind"], string>> = {
  no_manager:
    "Register a webhook for the project (POST /v1/webhooks), give it an event alarm, or declare that its manager looks by itself (PUT /v1/projects/{project_id}/manager), and continue the session; or make a session with the option on_no_manager set to proceed or skip_host.",
  nack: "Agree with the owner of the project and continue the session, or make a session with the option on_nack set to proceed or skip_host.",
  silence:
    "See whether the project's manager is alive and its webhook right, and continue the session; or make a session with a longer reply window, or with the option on_silence set to proceed or skip_host.",
};

/** Ends the session where a policy says so. A no is told at once, whoever else has not answered yet (reference B09). */
export function failFor(unwillings: readonly Unwilling[]): Hold | null {
  const fatal = unwillings.filter(({ policy }) => policy === "fail");
  if (fatal.length === 0) return null;
  const kinds = [...new Set(fatal.map(({ kind }) => kind))];
  return fail(fatal.map(({ why }) => why).join("; "), kinds.map((kind) => advice[kind]).join(" "));
}

/** Waits for replies whose time is not over. */
export function untilAnswered(view: View): Hold | null {
  const { missing, deadline } = view.answers(standing(view));
  return deadline === null ? null : wait(`replies to ${view.entry.state} from ${missing.join(", ")}`, deadline);
}
