import type { Verdict } from "./judge.ts";
import type { Stage } from "./stage.ts";

export interface Ending {
  /** Why the session failed; null when it is done. */
  readonly failure: string | null;
  readonly seconds: number;
  readonly verdict: Verdict;
  readonly stage: Stage;
}

export function summary({ failure, seconds, verdict, stage }: Ending): string {
  const { maintained, moves, instances, downtimes, scaledIn, scaledOut, violations } = verdict;
  const { heard, desk } = stage;
  return [
    failure ?? `MAINTENANCE_DONE after ${seconds.toFixed(0)} s`,
    "",
    `  hosts          ${maintained.length} maintained: ${maintained.join(", ")}`,
    `  moves          ${moves.live} live, ${moves.cold} cold, ${moves.failed} failed; the cloud has ${instances} instances`,
    ...(scaledIn + scaledOut === 0
      ? []
      : [`  scaling        ${scaledIn} instances given up, ${scaledOut} created again`]),
    `  downtime       ${downtimeInWords(downtimes)}`,
    `  notifications  ${heard.notices} to managers, who sent ${heard.replies} replies; ${desk.notifications()} to infrastructure`,
    `  violations     ${violations.length === 0 ? "none, by the cloud's own log" : violations.length}`,
    ...violations.map((violation) => `    ${violation}`),
  ].join("\n");
}

function downtimeInWords(downtimes: readonly number[]): string {
  if (downtimes.length === 0) return "none";
  const mean = downtimes.reduce((sum, one) => sum + one, 0) / downtimes.length;
  const amounts = `${mean.toFixed(1)} s on average, ${Math.max(...downtimes).toFixed(1)} s at most`;
  return `${downtimes.length} instances moved cold: ${amounts}; none for the others`;
}
