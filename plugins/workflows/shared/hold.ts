/** Decisions that stay in the state: steps are lists of "what is still missing?", and the first that holds is decided. */
import {
  type CloudFacts,
  type Decision,
  type EffectRecord,
  type EffectStatus,
  fail,
  isUnderWay,
  perform,
  type View,
  wait,
} from "#sdk";

export type Hold = Decision<never>;

export const after = (moment: Date, seconds: number): Date => new Date(moment.getTime() + seconds * 1_000);

export const latest = (...moments: readonly Date[]): Date => new Date(Math.max(...moments.map((at) => at.getTime())));

/** What an effect of any kind tells of its end. */
interface Ending {
  readonly status: Exclude<EffectStatus, { kind: "done" }> | { readonly kind: "done"; readonly at: Date };
  readonly recordedAt: Date;
}

/** The engine ends every effect by its own limit, so one that outlives our estimate is only waited for again. */
const AGAIN_SECONDS = 60;

/** Waits for an effect while it is under way; `seconds` is how long it may reasonably take. Null once it has ended. */
export function untilEnded(view: View, record: Ending, what: string, seconds: number): Hold | null {
  if (!isUnderWay(record)) return null;
  return wait(what, endBy(view, record, seconds));
}

export function endBy({ now }: View, { status, recordedAt }: Ending, seconds: number): Date {
  const by = after(status.kind === "running" ? status.since : recordedAt, seconds);
  return by > now ? by : after(now, AGAIN_SECONDS);
}

/** Why an effect came to nothing; null while it is under way, and when it succeeded. */
export function troubleWith({ status }: Ending): string | null {
  switch (status.kind) {
    case "pending":
    case "running":
    case "done":
      return null;
    case "failed":
    case "unknown":
      return status.reason;
    case "cancelled":
      return "it was cancelled";
  }
}

export type Look = Hold | { readonly kind: "seen"; readonly facts: CloudFacts };

/** The newest look at the cloud of this entry that has ended: the facts are from it, or from an entry before. */
export const newestLook = (view: View): EffectRecord<"observe"> | undefined =>
  view.effectsOf("observe").findLast(({ status }) => status.kind === "done");

/** A look takes seconds; a quarter of an hour leaves room for a cloud that is out of reach for a while. */
const LOOK_SECONDS = 900;

/** The cloud as it is for this occasion: looks first, if that was not done yet in this entry. */
export function look(view: View, occasion: string, why: string): Look {
  const record = view.effect("observe", occasion);
  if (!record) return perform([{ kind: "observe", occasion }], why);
  const facts = view.observed(occasion);
  if (facts) return { kind: "seen", facts };
  const trouble = troubleWith(record) ?? "it told nothing";
  return (
    untilEnded(view, record, `a look at the cloud ${why}`, LOOK_SECONDS) ??
    fail(
      `could not look at the cloud: ${trouble}`,
      "Check that the cloud answers and that Fenix's user may list services, servers and Placement allocations of all projects; then continue the session.",
    )
  );
}
