/** Asks everything that Fenix stands on whether it is well. */
import type { Clock } from "../ports/clock.ts";
import type { Ready } from "../wire/health.ts";

export interface HealthCheck {
  /**
   * Without it this process is of no use, and requests should go elsewhere. The cloud and the queue are not required:
   * while they are out of reach, projects reply and admins look all the same.
   */
  readonly required: boolean;
  /** Throws, with the reason as its message, when it is not well. */
  check(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Load balancers ask every few seconds and wait little longer than this. */
const CHECK_WITHIN_MS = 2_000;

export async function checkHealth(checks: Readonly<Record<string, HealthCheck>>, clock: Clock): Promise<Ready> {
  const asked = Object.entries(checks).map(async ([name, check]) => {
    const reason = await reasonOfIllness(check, clock);
    return [name, { ok: reason === null, required: check.required, reason }] as const;
  });
  const answers = await Promise.all(asked);
  const ill = answers.filter(([, { ok }]) => !ok);
  const status = ill.length === 0 ? "ready" : ill.some(([, { required }]) => required) ? "not_ready" : "impaired";
  return { status, checks: Object.fromEntries(answers) };
}

async function reasonOfIllness({ check }: HealthCheck, clock: Clock): Promise<string | null> {
  const asking = new AbortController();
  const tooLate = clock.sleep(CHECK_WITHIN_MS, asking.signal).then(() => `no answer within ${CHECK_WITHIN_MS} ms`);
  const answer = check({ signal: asking.signal }).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const reason = await Promise.race([answer, tooLate]);
  asking.abort();
  return reason;
}

/** The cloud is asked at most so often, however many load balancers ask us. */
const REMEMBER_MS = 10_000;

/** The same check, whose answer stands for ten seconds; who asks meanwhile waits for the one that is under way. */
export function remembered({ required, check }: HealthCheck, clock: Clock): HealthCheck {
  let last: { readonly until: number; readonly answer: Promise<void> } | null = null;
  return {
    required,
    check: (options) => {
      const now = clock.now().getTime();
      if (last === null || last.until <= now) last = { until: now + REMEMBER_MS, answer: check(options) };
      return last.answer;
    },
  };
}
