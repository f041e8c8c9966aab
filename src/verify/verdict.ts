/** What the verifier says of a session. */
import type { Moment } from "./entries.ts";
import type { History } from "./history.ts";

/** One thing that must not have happened, at a numbered entry of the journal. */
export interface Violation {
  /** As in the list of invariants: I1, I3 … */
  readonly invariant: string;
  /** The number of the journal entry where it shows. */
  readonly entry: number;
  /** A host, an instance or a project; null: the session itself. */
  readonly subject: string | null;
  readonly text: string;
}

/** What was looked at for one invariant, and what was found wrong. */
export interface Finding {
  readonly invariant: string;
  /** What held, or was to hold, in a sentence with figures. */
  readonly text: string;
  readonly violations: readonly Violation[];
  /** Why a part of it could not be judged from this journal; null when all could. */
  readonly gap: string | null;
}

export type Judge = (history: History) => Finding;

/** Collects the violations of one invariant. */
export function violationsOf(invariant: string) {
  const violations: Violation[] = [];
  const add = ({ number }: Pick<Moment, "number">, subject: string | null, text: string) =>
    void violations.push({ invariant, entry: number, subject, text });
  return { violations, add };
}
