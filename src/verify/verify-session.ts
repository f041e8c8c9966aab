/**
 * Judges an executed session by its journal alone. Shares no code with the engine, the workflows or the planner, so that
 * it cannot repeat their mistakes.
 */
import type { Entry } from "./entries.ts";
import { historyOf } from "./history.ts";
import { judgeAnnounced } from "./invariants/announced.ts";
import { judgeApart } from "./invariants/apart.ts";
import { judgeBudgets } from "./invariants/budgets.ts";
import { judgeCapacity } from "./invariants/capacity.ts";
import { judgeConversation } from "./invariants/conversation.ts";
import { judgeDestinations } from "./invariants/destinations.ts";
import { judgeDoors } from "./invariants/doors.ts";
import { judgeEmptiness } from "./invariants/emptiness.ts";
import { judgeImpact } from "./invariants/impact.ts";
import { judgeOnce } from "./invariants/once.ts";
import { judgeOrder } from "./invariants/order.ts";
import { judgeRest } from "./invariants/rest.ts";
import type { Violation } from "./verdict.ts";

export interface Certificate {
  /** No violation was found. */
  readonly holds: boolean;
  /** Whether the session had ended; if not, it holds so far. */
  readonly ended: boolean;
  /** How many journal entries were read. */
  readonly entries: number;
  readonly violations: readonly Violation[];
  /** What was looked at, with what could not be judged of it. */
  readonly judged: readonly { readonly invariant: string; readonly text: string; readonly gap: string | null }[];
  /** Invariants of which a journal cannot tell, and why. */
  readonly notShown: readonly { readonly invariant: string; readonly why: string }[];
}

/** All entries of one session's journal, oldest first. Violations are in the order of the journal. */
export function verifySession(entries: readonly Entry[]): Certificate {
  const history = historyOf(entries);
  const findings = [
    judgeEmptiness(history),
    judgeImpact(history),
    judgeOnce(history),
    judgeDoors(history),
    judgeConversation(history),
    judgeDestinations(history),
    judgeCapacity(history),
    judgeApart(history),
    judgeAnnounced(history),
    ...judgeOrder(history),
    judgeBudgets(history),
    judgeRest(history),
  ];
  const violations = findings.flatMap((finding) => finding.violations).toSorted((a, b) => a.entry - b.entry);
  const ended = entries.findLast(({ kind }) => kind === "session_ended" || kind === "session_continued");
  return {
    holds: violations.length === 0,
    ended: ended?.kind === "session_ended",
    entries: entries.length,
    violations,
    judged: findings.map(({ invariant, text, gap }) => ({ invariant, text, gap })),
    notShown: NOT_SHOWN,
  };
}

const NOT_SHOWN = [
  { invariant: "I2", why: "members that other sessions move are in the journals of those" },
  { invariant: "I12", why: "the journal does not tell what each reader was answered" },
] as const;
