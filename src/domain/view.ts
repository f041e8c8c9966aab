/** What a step sees: everything the session knows at one moment, and nothing that can change under its hands. */
import type { CloudFacts } from "./cloud.ts";
import type { DeclaredConstraints, Impacted } from "./constraint.ts";
import { withDeclaredGroups } from "./declared-groups.ts";
import { type EffectKind, type EffectRecord, isUnderWay, subjectOf } from "./effect.ts";
import { grouped } from "./grouped.ts";
import type { ProjectId } from "./ids.ts";
import type { PlannedCourse } from "./planned-course.ts";
import type { Answers, AskedQuestion } from "./question.ts";
import type { Failure, Session, SessionHost, SessionInstance, SessionProject } from "./session.ts";

/** One stay in a state. A state can be entered many times; numbers count all entries of the session from 1. */
export interface Entry<State extends string = string> {
  readonly state: State;
  readonly number: number;
  readonly since: Date;
}

/** The stored side of a view. Lists are in a fixed order: hosts and projects by name, the rest by time recorded. */
export interface Snapshot {
  readonly session: Session;
  readonly entry: Entry;
  /** All entries so far, oldest first, the present one last. */
  readonly entries: readonly Entry[];
  readonly hosts: readonly SessionHost[];
  readonly projects: readonly SessionProject[];
  readonly instances: readonly SessionInstance[];
  /** The newest look at the cloud; null before the first. A view's has what managers declared among its groups. */
  readonly facts: CloudFacts | null;
  /** What managers declared for the session's projects. */
  readonly constraints: DeclaredConstraints;
  /** The members of declared groups that are impacted now, whichever session moves them. */
  readonly impacted: Impacted;
  /** Effects of the present entry, and those of earlier ones that are still under way. */
  readonly effects: readonly (EffectRecord & { readonly entry: number })[];
  /** Questions of the present entry. */
  readonly questions: readonly AskedQuestion[];
  /** What its plan says; null without one. */
  readonly plan: PlannedCourse | null;
  /** Why the session failed, once it has. */
  readonly failure: Failure | null;
  /** What the session has been waiting for since its last turn; null when it did not wait. */
  readonly waiting: { readonly for: string; readonly until: Date } | null;
}

export interface View extends Snapshot {
  readonly now: Date;
  /** The effect of the present entry with this kind and subject (see `subjectOf`), if it was recorded. */
  effect<K extends EffectKind>(kind: K, subject: string): EffectRecord<K> | undefined;
  /** All effects of one kind in the present entry. */
  effectsOf<K extends EffectKind>(kind: K): readonly EffectRecord<K>[];
  /** Everything under way, earlier entries included. */
  readonly underWay: readonly EffectRecord[];
  /** The facts, if the cloud was looked at for this occasion in the present entry. */
  observed(occasion: string): CloudFacts | undefined;
  /** How each project answered these questions (all of the present entry); asked more than once, it counts by its worst answer. */
  answers(questions?: readonly AskedQuestion[]): Answers;
}

export function makeView(snapshot: Snapshot, now: Date): View {
  const facts = snapshot.facts && withDeclaredGroups(snapshot.facts, snapshot.constraints);
  const byKind = grouped(inEntry(snapshot), ({ effect }) => effect.kind);
  // Kind by kind, as they are asked for: a large session has tens of thousands of moves, which nobody asks for this way.
  const bySubject = new Map<EffectKind, ReadonlyMap<string, EffectRecord>>();
  const subjectsOf = (kind: EffectKind) => {
    const known = bySubject.get(kind);
    if (known) return known;
    const subjects = new Map((byKind.get(kind) ?? []).map((record) => [subjectOf(record.effect), record]));
    bySubject.set(kind, subjects);
    return subjects;
  };
  // Records are found by their own kind, so the narrower type is true.
  const effect = <K extends EffectKind>(kind: K, subject: string) =>
    subjectsOf(kind).get(subject) as EffectRecord<K> | undefined;
  return {
    ...snapshot,
    facts,
    now,
    effect,
    effectsOf: <K extends EffectKind>(kind: K) => (byKind.get(kind) ?? []) as unknown as readonly EffectRecord<K>[],
    underWay: snapshot.effects.filter(isUnderWay),
    observed: (occasion) => (effect("observe", occasion)?.status.kind === "done" ? (facts ?? undefined) : undefined),
    answers: (questions = snapshot.questions) => answersTo(questions, now),
  };
}

function* inEntry({ effects, entry: { number } }: Snapshot): Iterable<EffectRecord> {
  for (const record of effects) if (record.entry === number) yield record;
}

/** Sorts the projects by their answers to these questions. */
export function answersTo(questions: readonly AskedQuestion[], now: Date): Answers {
  const byProject = new Map<ProjectId, AskedQuestion[]>();
  for (const question of questions)
    byProject.set(question.project, [...(byProject.get(question.project) ?? []), question]);
  const agreed: ProjectId[] = [];
  const refused: Answers["refused"][number][] = [];
  const silent: ProjectId[] = [];
  const missing: ProjectId[] = [];
  for (const [project, asked] of byProject) {
    const no = asked.find(({ reply }) => reply?.answer === "NACK");
    const open = asked.filter(({ reply }) => reply === null);
    if (no) refused.push({ project, instance: no.instance, reason: no.reply?.reason ?? null });
    else if (open.length === 0) agreed.push(project);
    else if (open.some(({ replyBy }) => replyBy > now)) missing.push(project);
    else silent.push(project);
  }
  const deadlines = questions.filter((q) => q.reply === null && q.replyBy > now).map((q) => q.replyBy.getTime());
  return {
    agreed,
    refused,
    silent,
    missing,
    deadline: deadlines.length > 0 ? new Date(Math.max(...deadlines)) : null,
  };
}
