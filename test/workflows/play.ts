/**
 * Plays a whole session: asks the workflow, does what the engine would do with its decisions, and lets a world in
 * memory follow, under a clock that jumps from one happening to the next. Milliseconds for hours.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { type DeclaredConstraints, impactedBy, noConstraints, type SeenMove } from "../../src/domain/constraint.ts";
import type { Decision } from "../../src/domain/decision.ts";
import {
  type Effect,
  type EffectStatus,
  isPerformed,
  isUnderWay,
  type MoveInstance,
  type RunAction,
  subjectOf,
} from "../../src/domain/effect.ts";
import { HostName, InstanceId, PluginName } from "../../src/domain/ids.ts";
import { hasEffect, judgeReply } from "../../src/domain/reply.ts";
import type { AskedQuestion, AskedState, Question, Reply } from "../../src/domain/question.ts";
import type { PlannedCourse } from "../../src/domain/planned-course.ts";
import { inWords } from "../../src/domain/resources.ts";
import {
  type ActionPhase,
  type Failure,
  type InstanceAction,
  type Report,
  SessionOptions,
  type SessionHost,
  type SessionInstance,
} from "../../src/domain/session.ts";
import { type Entry, makeView, type Snapshot } from "../../src/domain/view.ts";
import addHosts from "../../plugins/workflows/add-hosts/index.ts";
import defaultWorkflow from "../../plugins/workflows/default/index.ts";
import retireHosts from "../../plugins/workflows/retire-hosts/index.ts";
import vnfWorkflow from "../../plugins/workflows/vnf/index.ts";
import { aSnapshot, later, NOON } from "../support/a-view.ts";
import type { Workflow } from "../../src/domain/workflow.ts";
import { World } from "./world.ts";

/** What a project's manager does with a question; null: nothing, for ever. */
export type Manager = (question: Question, world: World) => Answer | null;
export interface Answer {
  readonly answer: "ACK" | "NACK";
  /** Only with NACK: when to ask again, in seconds from the question. */
  readonly retryAfterSeconds?: number;
  /** What it says instead later, if it changes its mind. */
  readonly afterwards?: Answer;
  readonly afterSeconds?: number;
  /** For every instance, or for each by its own. */
  readonly action?: InstanceAction | ((instance: string) => InstanceAction);
  readonly reason?: string;
  /** What the project does to its instances, right before it replies. */
  readonly does?: () => void;
}

export interface Script {
  /** Without it, `default`. */
  readonly workflow?: "vnf" | "add-hosts" | "retire-hosts";
  readonly cloud: ConstructorParameters<typeof World>[0];
  /** Hosts of the session; without it, all of the cloud. */
  readonly hosts?: readonly string[];
  readonly options?: Partial<SessionOptions>;
  readonly actions?: readonly { readonly plugin: string; readonly phase: ActionPhase; readonly order?: number }[];
  readonly plan?: PlannedCourse;
  /** What managers declared; a function where that changes with the seconds. */
  readonly constraints?: DeclaredConstraints | ((seconds: number) => DeclaredConstraints);
  /** Moves of other sessions, by their seconds. */
  readonly otherMoves?: readonly { readonly instance: string; readonly from: number; readonly to: number }[];
  readonly beginsInSeconds?: number;
  /** Projects without one have no manager. */
  readonly managers?: Readonly<Record<string, Manager>>;
  /** Why a move fails; null when it succeeds. */
  readonly moveFails?: (move: MoveInstance, world: World) => string | null;
  /** How long a move takes if nobody ends it; ten seconds without. */
  readonly moveSeconds?: (move: MoveInstance) => number;
  /** How long a host action takes; half a minute without. */
  readonly actionSeconds?: (run: RunAction) => number;
  readonly actionFails?: (run: RunAction) => string | null;
  readonly effectFails?: (effect: Effect, world: World) => string | null;
  /** Replies that come at their own time, whatever is asked then. */
  readonly replies?: readonly {
    readonly atSeconds: number;
    readonly project: string;
    readonly instance: string | null;
    readonly state: AskedState;
    readonly answer: "ACK" | "NACK";
    readonly action?: InstanceAction;
  }[];
  readonly events?: readonly { readonly atSeconds: number; readonly happens: (world: World) => void }[];
}

const workflows: Readonly<Record<string, Workflow>> = {
  default: defaultWorkflow,
  vnf: vnfWorkflow,
  "add-hosts": addHosts,
  "retire-hosts": retireHosts,
};

export const agree: Manager = () => ({ answer: "ACK", action: "MIGRATE", afterSeconds: 2 });

const seconds: Readonly<Record<string, number>> = {
  observe: 1,
  close_host: 1,
  open_host: 1,
  remove_host: 1,
  check_empty: 1,
  move_instance: 10,
  run_action: 30,
};

/** What a decision says of a plan that it does not follow. */
const replannedIn = (why: string): readonly string[] =>
  why.split("; ").filter((part) => part.startsWith("re-planned: "));

/** More turns than any session of these tests needs; a livelock is found by it in milliseconds. */
const TURNS_MAX = 4_000;
const HOURS_MAX = 24 * 3;
/** A minute that a look may be old, and the look itself. */
const SURPRISE_SECONDS = 65;

interface Happening {
  readonly at: number;
  readonly happens: () => void;
}

export interface Played {
  readonly state: string;
  readonly report: Report;
  readonly failure: Failure | null;
  readonly timeline: readonly string[];
  /** What was waited for, without repetitions. */
  readonly waits: readonly string[];
  readonly world: World;
  readonly seconds: number;
  /** Of any declared group, at any moment. */
  readonly mostImpacted: number;
  /** How often effects of this kind were asked for. */
  readonly count: (kind: Effect["kind"]) => number;
  readonly states: readonly string[];
  readonly statusOf: (host: string) => string;
  readonly asked: readonly Question[];
  /** Puts the failed session into a state again, and plays it to its end. */
  readonly resume: (state?: string, changes?: Partial<Script>) => Played;
}

export function play(script: Script): Played {
  const world = new World(script.cloud);
  const session = new Playing(script, world);
  return session.run();
}

class Playing {
  #now = 0;
  #entries: Entry[] = [{ state: "MAINTENANCE", number: 1, since: NOON }];
  #hosts: SessionHost[];
  #instances = new Map<string, SessionInstance>();
  #facts: Snapshot["facts"] = null;
  #effects: { effect: Effect; status: EffectStatus; recordedAt: Date; entry: number }[] = [];
  #questions: (AskedQuestion & { entry: number })[] = [];
  #failure: Failure | null = null;
  #waiting: Snapshot["waiting"] = null;
  #happenings: Happening[] = [];
  #timeline: string[] = [];
  readonly #waits = new Set<string>();
  #turns = 0;
  #mostImpacted = 0;
  #script: Script;
  readonly #workflow: Workflow;
  readonly #world: World;
  readonly #session: Snapshot["session"];

  constructor(script: Script, world: World) {
    this.#script = script;
    this.#workflow = workflows[script.workflow ?? "default"] ?? defaultWorkflow;
    this.#world = world;
    const names = script.hosts ?? [...new Set([...world.computes.map(({ name }) => name), ...world.controllers])];
    this.#hosts = names.toSorted().map((text) => {
      const name = HostName.parse(text);
      const compute = world.host(name);
      const controller = world.controllers.includes(name);
      const roles = [...(compute ? ["compute" as const] : []), ...(controller ? ["controller" as const] : [])];
      const closure = compute?.door.kind === "closed" ? "closed_by_others" : "open";
      return { name, roles: roles.length > 0 ? roles : ["other"], status: { kind: "waiting" }, closure };
    });
    this.#session = {
      ...aSnapshot().session,
      maintenanceAt: later(script.beginsInSeconds ?? 60),
      options: SessionOptions.parse(script.options ?? {}),
      actions: (script.actions ?? [{ plugin: "reboot", phase: "host" }]).map(({ plugin, phase, order = 0 }) => ({
        plugin: PluginName.parse(plugin),
        phase,
        order,
        metadata: {},
      })),
    };
    for (const { atSeconds, state, answer, action, project, instance } of script.replies ?? [])
      this.#happenings.push({
        at: atSeconds,
        happens: () => {
          const actions = action && instance !== null ? new Map([[InstanceId.parse(instance), action]]) : new Map();
          this.#receive({ project, instance }, state, {
            answer,
            actions,
            reason: null,
            retryAt: null,
            at: later(this.#now),
          });
        },
      });
    for (const { atSeconds, happens } of script.events ?? [])
      this.#happenings.push({
        at: atSeconds,
        happens: () => {
          world.surprised = true;
          world.surprisedAt = atSeconds;
          happens(world);
        },
      });
    this.#note("MAINTENANCE");
  }

  run(): Played {
    for (;;) {
      if (++this.#turns > TURNS_MAX) this.#complain("no end in sight");
      const decision = this.#decide();
      if (decision.kind === "end") return this.#played(decision.report);
      if (decision.kind === "wait") this.#sleep(decision);
      else this.#apply(decision);
      this.#world.watch();
      this.#watchDeclared();
    }
  }

  #entry(): Entry {
    const entry = this.#entries.at(-1);
    if (!entry) throw new Error("a session has an entry");
    return entry;
  }

  #snapshot(): Snapshot {
    const entry = this.#entry();
    const projects = [...new Set([...this.#instances.values()].map(({ project }) => project))].toSorted();
    return {
      session: this.#session,
      entry,
      entries: [...this.#entries],
      hosts: [...this.#hosts],
      projects: projects.map((id) => ({ id, managed: this.#script.managers?.[id] !== undefined })),
      instances: [...this.#instances.values()],
      facts: this.#facts,
      constraints: this.#constraints(),
      impacted: impactedBy(this.#allMoves(), this.#constraints(), later(this.#now)),
      effects: this.#effects.filter((record) => record.entry === entry.number || isUnderWay(record)),
      questions: this.#questions.filter((question) => question.entry === entry.number),
      plan: this.#script.plan ?? null,
      failure: this.#failure,
      waiting: this.#waiting,
    };
  }

  #constraints(): DeclaredConstraints {
    const { constraints = noConstraints } = this.#script;
    return typeof constraints === "function" ? constraints(this.#now) : constraints;
  }

  /** Of this session and of others, with what projects promised to do themselves. */
  #allMoves(): readonly SeenMove[] {
    return [...this.#movesSeen(), ...this.#promised().map((instance) => ({ instance, endedAt: null }))];
  }

  #movesSeen(): readonly SeenMove[] {
    const ours = this.#effects.flatMap(({ effect, status }): SeenMove[] => {
      const endedAt = "at" in status ? status.at : null;
      if (status.kind === "cancelled") return [];
      if (effect.kind === "move_instance") return [{ instance: effect.instance, endedAt }];
      if (effect.kind !== "note_own_action") return [];
      return [{ instance: effect.instance, endedAt, group: effect.group, replacement: effect.replacement }];
    });
    const others = (this.#script.otherMoves ?? [])
      .filter(({ from }) => from <= this.#now)
      .map(({ instance, to }) => ({
        instance: InstanceId.parse(instance),
        endedAt: to > this.#now ? null : later(to),
      }));
    return [...ours, ...others];
  }

  /** Own actions of the present entry whose time is not over, and that were not seen to be done: as the store finds them. */
  #promised(): readonly InstanceId[] {
    const { number } = this.#entry();
    const newest = new Map<InstanceId, AskedQuestion>();
    for (const question of this.#questions)
      if (question.entry === number) for (const id of question.instances) newest.set(id, question);
    return [...newest].flatMap(([id, question]) => {
      const { reply, replyBy, actionsAt, round } = question;
      if (reply === null && replyBy >= later(this.#now)) return this.#isOwn(id, question) ? [id] : [];
      if (reply?.answer !== "ACK" || reply.actions.get(id) !== "OWN_ACTION") return [];
      const since = Math.max(reply.at.getTime(), actionsAt.getTime());
      const isOver = later(this.#now).getTime() >= since + this.#session.options.own_action_seconds * 1_000;
      const isSettled = this.#effects.some(
        ({ effect, entry, recordedAt }) =>
          entry === number &&
          ((effect.kind === "note_own_action" && effect.instance === id && effect.round === round) ||
            (effect.kind === "move_instance" && effect.instance === id && recordedAt >= reply.at)),
      );
      return isOver || isSettled ? [] : [id];
    });
  }

  /** Whether its project declared to take it away itself, as it may from the question on. */
  readonly #isOwn = (id: InstanceId, { allowedActions }: Question): boolean =>
    allowedActions.includes("OWN_ACTION") && this.#constraints().instances.get(id)?.migrationType === "OWN_ACTION";

  /**
   * I2, counted anew from the moves, the promises and the world: a move begins only where its group has a place beside
   * all that are away or do not serve. What a surprise broke after the last look, Fenix need not know for a minute.
   */
  #watchBudget(moved: InstanceId, what = "is moved"): void {
    const { groups, members, instances } = this.#constraints();
    const id = instances.get(moved)?.group;
    const group = id ? groups.get(id) : undefined;
    if (!id || !group) return;
    const ids = (members.get(id) ?? []).filter((one) => this.#world.instances.some((instance) => instance.id === one));
    const since = later(this.#now - group.recoveryTimeSeconds);
    const away = this.#allMoves().filter(({ endedAt }) => endedAt === null || endedAt > since);
    const impacted = new Set(away.map(({ instance }) => instance).filter((one) => ids.includes(one)));
    const known = this.#world.surprisedAt === null || this.#now - this.#world.surprisedAt > SURPRISE_SECONDS;
    const down = known ? ids.filter((one) => !this.#world.serves(one)) : [];
    const others = new Set([...impacted, ...down].filter((one) => one !== moved));
    if (others.size >= group.maxImpactedMembers && this.#world.serves(moved) && !this.#isAwayAlready(moved, since))
      this.#world.breaches.push(`I2: ${moved} ${what} while ${[...others].join(", ")} of ${id} do not serve`);
  }

  /** Whether it has been moved, or tried to be, so lately that it is impacted anyway. */
  readonly #isAwayAlready = (moved: InstanceId, since: Date): boolean =>
    this.#movesSeen().filter(({ instance, endedAt }) => instance === moved && (endedAt === null || endedAt > since))
      .length > 1;

  /** I9 for what managers declared, and how many members were away by Fenix's doing at any moment. */
  #watchDeclared(): void {
    const { groups, members } = this.#constraints();
    for (const [id, { recoveryTimeSeconds, antiAffinity, maxInstancesPerHost }] of groups) {
      const ids = new Set(members.get(id));
      const since = later(this.#now - recoveryTimeSeconds);
      const impacted = this.#movesSeen().filter(
        ({ instance, endedAt }) => ids.has(instance) && (endedAt === null || endedAt > since),
      );
      this.#mostImpacted = Math.max(this.#mostImpacted, new Set(impacted.map(({ instance }) => instance)).size);
      for (const { name } of antiAffinity ? this.#world.computes : [])
        if (this.#world.on(name).filter((one) => ids.has(one.id)).length > Math.max(1, maxInstancesPerHost))
          this.#world.breaches.push(`I9: ${name} has too many of ${id}`);
    }
  }

  /** Asks the step, and refuses what the engine refuses. */
  #decide(): Decision {
    const { state } = this.#entry();
    const view = makeView(this.#snapshot(), later(this.#now));
    const step = this.#workflow.steps[state];
    if (!step) throw new Error(`no step for ${state}`);
    const decision = step(view);
    if (!isDeepStrictEqual(step(view), decision)) this.#complain("the same view gave two decisions");
    switch (decision.kind) {
      case "enter":
        if (!this.#workflow.transitions[state]?.includes(decision.state))
          this.#complain(`may not enter ${decision.state}`);
        break;
      case "perform": {
        const keys = decision.effects.map((effect) => `${effect.kind} ${subjectOf(effect)}`);
        if (new Set(keys).size < keys.length) this.#complain(`one key twice: ${keys.join(", ")}`);
        const fresh = decision.effects.filter((effect) => !view.effect(effect.kind, subjectOf(effect)));
        if (fresh.length === 0) this.#complain(`nothing new: ${decision.why}`);
        break;
      }
      case "wait":
        if (decision.for === "" || decision.until <= view.now) this.#complain(`waits for the past: ${decision.for}`);
        break;
      case "fail":
        if (decision.reason === "" || decision.advice === "") this.#complain("fails without reason or advice");
        break;
      case "end":
        if (view.underWay.length > 0) this.#complain("ends while effects are under way");
    }
    return decision;
  }

  #apply(decision: Exclude<Decision, { kind: "end" | "wait" }>): void {
    this.#waiting = null;
    switch (decision.kind) {
      case "enter":
        return this.#enter(decision.state, decision.why);
      case "fail":
        this.#failure = { reason: decision.reason, advice: decision.advice };
        return this.#enter(this.#workflow.failed, decision.reason);
      case "perform":
        for (const note of replannedIn(decision.why)) this.#note(`  ${note}`);
        for (const effect of decision.effects) this.#record(effect);
    }
  }

  #enter(state: string, why: string): void {
    this.#entries.push({ state, number: this.#entries.length + 1, since: later(this.#now) });
    this.#note(`${state}: ${why}`);
  }

  #secondsOf(effect: Effect): number {
    if (effect.kind === "move_instance") return Math.min(this.#moveSeconds(effect), effect.limit?.seconds ?? Infinity);
    const scripted = effect.kind === "run_action" ? this.#script.actionSeconds?.(effect) : undefined;
    return scripted ?? seconds[effect.kind] ?? 1;
  }

  #moveSeconds(effect: MoveInstance): number {
    return this.#script.moveSeconds?.(effect) ?? seconds["move_instance"] ?? 1;
  }

  #record(effect: Effect): void {
    const { number } = this.#entry();
    const same = this.#effects.some(
      (other) =>
        other.entry === number && other.effect.kind === effect.kind && subjectOf(other.effect) === subjectOf(effect),
    );
    if (same) return;
    const now = later(this.#now);
    const performed = isPerformed(effect);
    const status: EffectStatus = performed ? { kind: "running", since: now } : { kind: "done", at: now, outcome: null };
    const record = { effect, status, recordedAt: now, entry: number };
    this.#effects.push(record);
    this.#begin(effect, record);
  }

  #begin(effect: Effect, record: { status: EffectStatus }): void {
    const broken = this.#script.effectFails?.(effect, this.#world) ?? null;
    const end = (finish: () => EffectStatus) =>
      this.#later(this.#secondsOf(effect), () => {
        record.status = broken === null ? finish() : { kind: "failed", at: later(this.#now), reason: broken };
        if (record.status.kind === "failed")
          this.#note(`  ${effect.kind} ${subjectOf(effect)} failed: ${record.status.reason}`);
      });
    const done = (outcome: unknown): EffectStatus => ({ kind: "done", at: later(this.#now), outcome }) as EffectStatus;
    switch (effect.kind) {
      case "observe":
        return end(() => {
          this.#see();
          return done(null);
        });
      case "close_host":
        return end(() => done({ closure: this.#shut(effect.host, this.#world.close(effect.host)) }));
      case "open_host":
        return end(() => {
          const closure = this.#shut(effect.host, this.#world.open(effect.host, effect.adopt));
          return done({ closure, leftClosed: closure === "open" ? null : "closed by others" });
        });
      case "remove_host":
        return end(() => {
          const refusal = this.#world.removeHost(effect.host);
          return refusal === null ? done(null) : { kind: "failed", at: later(this.#now), reason: refusal };
        });
      case "check_empty":
        if (effect.heal) this.#world.stale.delete(effect.host);
        return end(() => done(this.#world.occupants(effect.host)));
      case "move_instance":
        return this.#move(effect, end, done);
      case "run_action":
        return this.#run(effect, end, done);
      case "ask":
        for (const id of effect.question.instances)
          if (this.#isOwn(id, effect.question)) this.#watchBudget(id, "is asked about");
        return this.#ask(effect.question);
      case "tell_moved":
        return this.#note(`  ${effect.project} is told that ${effect.instance} has moved`);
      case "note_own_action":
        return this.#note(
          `  ${effect.project} has done its OWN_ACTION for ${effect.instance}${effect.replacement === null ? "" : `, replaced by ${effect.replacement}`}`,
        );
      case "mark_host":
        this.#hosts = this.#hosts.map((host) =>
          host.name === effect.host ? { ...host, status: effect.status } : host,
        );
        this.#watchAway();
        return this.#note(
          `  ${effect.host} ${(effect.status.kind === "maintained" && effect.status.as) || effect.status.kind}` +
            (effect.status.kind === "draining" && effect.status.reason ? `: ${effect.status.reason}` : ""),
        );
    }
  }

  /** One at a time, a host can be found occupied once more after it was emptied: it waits while others have their turn. */
  #watchAway(): void {
    const { hosts_at_once: atOnce } = this.#session.options;
    const kinds = atOnce > 1 ? ["draining", "in_maintenance"] : ["in_maintenance"];
    const away = this.#hosts.filter(({ roles, status: { kind } }) => roles.includes("compute") && kinds.includes(kind));
    if (away.length > atOnce) this.#world.breaches.push(`I14: ${away.length} hosts at once`);
  }

  #move(
    effect: MoveInstance,
    end: (finish: () => EffectStatus) => void,
    done: (outcome: unknown) => EffectStatus,
  ): void {
    const began = this.#effects.filter(
      (record) => record.effect.kind === "move_instance" && record.effect.from === effect.from && isUnderWay(record),
    ).length;
    if (began > this.#session.options.moves_at_once)
      this.#world.breaches.push(`I14: ${began} moves off ${effect.from} at once`);
    this.#watchBudget(effect.instance);
    const unwilling = this.#script.moveFails?.(effect, this.#world) ?? null;
    const refused = this.#world.startMove(effect);
    this.#note(`  ${effect.how} ${effect.instance} ${effect.from} → ${effect.to ?? "anywhere"}`);
    end(() => {
      const { limit } = effect;
      const overtime = limit?.beyond === "abort" && this.#moveSeconds(effect) > limit.seconds;
      const host = this.#world.endMove(effect, unwilling === null && refused === null && !overtime);
      if (overtime) return done({ host, seconds: limit.seconds, overtime });
      const reason = refused ?? unwilling;
      if (reason !== null && host !== null) return { kind: "failed", at: later(this.#now), reason };
      this.#place(effect.instance, host);
      return done({ host, seconds: seconds["move_instance"] });
    });
  }

  #run(effect: RunAction, end: (finish: () => EffectStatus) => void, done: (outcome: unknown) => EffectStatus): void {
    this.#world.watchAction(effect);
    this.#note(`  ${effect.plugin} (${effect.phase}) on ${effect.host}`);
    end(() => {
      this.#world.watchAction(effect);
      const reason = this.#script.actionFails?.(effect) ?? null;
      return reason === null ? done({ output: "" }) : { kind: "failed", at: later(this.#now), reason };
    });
  }

  #ask(question: Question): void {
    const asked = { ...question, reply: null, entry: this.#entry().number } as AskedQuestion & { entry: number };
    this.#questions.push(asked);
    const missing = question.missing ? `, missing ${inWords(question.missing)}` : "";
    this.#note(
      `  ${question.project} is asked ${question.state} about ${question.instances.join(" ") || "nothing"}${missing}`,
    );
    const answer = this.#script.managers?.[question.project]?.(question, this.#world) ?? null;
    if (answer) this.#hear(question, later(this.#now), answer);
  }

  /** The store's rules for a reply, without a store. */
  #hear(question: Question, asked: Date, answer: Answer): void {
    const { project, instance } = question;
    this.#later(answer.afterSeconds ?? 2, () => {
      const at = later(this.#now);
      answer.does?.();
      if (answer.afterwards) this.#hear(question, asked, answer.afterwards);
      const { action = "MIGRATE", retryAfterSeconds = null } = answer;
      const actions = new Map(
        question.allowedActions.length === 0 || answer.answer === "NACK"
          ? []
          : question.instances.map((id) => [id, typeof action === "function" ? action(id) : action]),
      );
      const retryAt = retryAfterSeconds === null ? null : new Date(asked.getTime() + retryAfterSeconds * 1_000);
      const reply = { answer: answer.answer, actions, reason: answer.reason ?? null, retryAt, at };
      const newest = this.#newestAt(project, instance);
      if (newest?.round === question.round) this.#receive({ project, instance }, question.state, reply);
    });
  }

  #newestAt = (project: string, instance: string | null) =>
    this.#questions.findLast((one) => one.project === project && one.instance === instance);

  /** A reply at the link of a project or of one instance, whatever was asked there last. */
  #receive(
    { project, instance }: { readonly project: string; readonly instance: string | null },
    state: AskedState,
    reply: Reply,
  ): void {
    const got = { ...reply, state: `${reply.answer}_${state}`, answers: state };
    const newest = this.#newestAt(project, instance) ?? null;
    const begun = this.#effects.some(
      ({ effect, entry }) => entry === newest?.entry && effect.kind === "move_instance" && effect.instance === instance,
    );
    const receipt = judgeReply(newest, got, reply.at, begun);
    const about = instance === null ? "" : ` for ${instance}`;
    if (!hasEffect(receipt)) return this.#note(`  ${project} says ${got.state}: ${receipt.kind}`);
    this.#questions = this.#questions.map((one) => (one === newest ? { ...one, reply } : one));
    this.#note(`  ${project} says ${got.state}${about}`);
  }

  #see(): void {
    this.#facts = this.#world.facts();
    this.#world.surprised = false;
    const ours = new Set(this.#hosts.map(({ name }) => name));
    const there = new Map(this.#facts.instances.map((instance) => [instance.id as string, instance]));
    for (const id of this.#instances.keys()) if (!there.has(id)) this.#instances.delete(id);
    for (const { id, name, project, host, status } of this.#facts.instances)
      if (this.#instances.has(id) || (host !== null && ours.has(host)))
        this.#instances.set(id, { id, name, project, host, status });
  }

  #place(instance: string, host: HostName | null): void {
    const known = this.#instances.get(instance);
    if (known) this.#instances.set(instance, { ...known, host });
  }

  #shut(name: HostName, closure: SessionHost["closure"]): SessionHost["closure"] {
    this.#hosts = this.#hosts.map((host) => (host.name === name ? { ...host, closure } : host));
    return closure;
  }

  #later(afterSeconds: number, happens: () => void): void {
    this.#happenings.push({ at: this.#now + afterSeconds, happens });
  }

  #sleep(decision: Extract<Decision, { kind: "wait" }>): void {
    this.#waiting = { for: decision.for, until: decision.until };
    this.#waits.add(decision.for);
    const until = (decision.until.getTime() - NOON.getTime()) / 1_000;
    const next = this.#happenings.toSorted((a, b) => a.at - b.at)[0];
    if (next && next.at <= until) {
      this.#now = Math.max(this.#now, next.at);
      this.#happenings = this.#happenings.filter((happening) => happening !== next);
      next.happens();
    } else {
      this.#now = until;
    }
    if (this.#now > HOURS_MAX * 3_600) this.#complain("it takes for ever");
  }

  #complain(what: string): never {
    throw new Error(`${this.#entry().state}: ${what}\n${this.#timeline.slice(-40).join("\n")}`);
  }

  #note(text: string): void {
    this.#timeline.push(`${String(Math.round(this.#now)).padStart(5)} ${text}`);
  }

  #played(report: Report): Played {
    this.#hosts.forEach(({ name, closure }) => {
      if (closure === "closed_by_session" && !report.stillClosed.some(({ host }) => host === name))
        this.#world.breaches.push(`I4: ${name} stays closed and is not named`);
    });
    const { state } = this.#entry();
    return {
      state,
      report,
      failure: this.#failure,
      timeline: [...this.#timeline],
      waits: [...this.#waits],
      world: this.#world,
      seconds: this.#now,
      mostImpacted: this.#mostImpacted,
      asked: this.#questions,
      count: (kind) => this.#effects.filter(({ effect }) => effect.kind === kind).length,
      states: this.#entries.map((entry) => entry.state),
      statusOf: (host) => this.#hosts.find(({ name }) => name === host)?.status.kind ?? "unknown",
      resume: (wanted, changes = {}) => this.#resume(wanted, changes),
    };
  }

  #resume(wanted: string | undefined, changes: Partial<Script>): Played {
    expect(this.#entry().state).toBe(this.#workflow.failed);
    this.#script = { ...this.#script, ...changes };
    this.#failure = null;
    this.#hosts = this.#hosts.map((host) =>
      host.status.kind === "failed" || host.status.kind === "skipped" ? { ...host, status: { kind: "waiting" } } : host,
    );
    this.#enter(wanted ?? this.#entries.at(-2)?.state ?? "MAINTENANCE", "continued");
    return this.run();
  }
}
