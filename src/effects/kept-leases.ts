/** The leases of all that a worker has in hand, renewed together: with one timer, and one statement every two seconds. */
import type { Clock } from "../ports/clock.ts";
import { leaseEnd, RENEW_MS } from "./lease.ts";

export interface KeptLeases<Claimed> {
  /**
   * Renews a lease that lasts until `until`, until `letGo`. Calls `lost`, once, when the lease belongs to somebody else, and
   * when it could not be renewed before its end: from then on others may have taken over.
   */
  keep(claimed: Claimed, until: Date, lost: () => void): void;
  letGo(claimed: Claimed): void;
  /** Resolves when the renewals that are on their way have ended, also those of what was let go meanwhile. */
  settled(): Promise<void>;
}

export function keptLeases<Claimed>({
  renew,
  clock,
}: {
  /** Answers those that were renewed; what is missing was lost. */
  readonly renew: (all: readonly Claimed[], until: Date) => Promise<ReadonlySet<Claimed>>;
  readonly clock: Clock;
}): KeptLeases<Claimed> {
  const kept = new Map<Claimed, { until: Date; readonly lost: () => void }>();
  let idle = new AbortController();
  let renewing = Promise.resolve();

  function letGo(claimed: Claimed): void {
    if (kept.delete(claimed) && kept.size === 0) idle.abort();
  }

  async function renewAll(): Promise<void> {
    const until = leaseEnd(clock);
    const all = [...kept.keys()];
    const renewed = await renew(all, until).catch(() => null); // The database is away: the leases may still be ours.
    for (const claimed of all) {
      const lease = kept.get(claimed);
      if (lease === undefined) continue; // It ended meanwhile.
      if (renewed?.has(claimed) === true) lease.until = until;
      else if (renewed !== null || clock.now() >= lease.until) {
        letGo(claimed);
        lease.lost();
      }
    }
  }

  async function keepAll(nothingLeft: AbortSignal): Promise<void> {
    let rest = RENEW_MS;
    while (!nothingLeft.aborted) {
      await clock.sleep(rest, nothingLeft);
      if (nothingLeft.aborted) return;
      const began = clock.now().getTime();
      // One at a time, also when all were let go during one and others are kept since.
      await (renewing = renewing.then(renewAll));
      // What came during a slow renewal has waited for it already, and with a whole rest its lease might end.
      rest = RENEW_MS - Math.min(RENEW_MS, Math.max(0, clock.now().getTime() - began));
    }
  }

  return {
    keep: (claimed, until, lost) => {
      kept.set(claimed, { until, lost });
      if (kept.size > 1) return;
      idle = new AbortController();
      void keepAll(idle.signal);
    },
    letGo,
    settled: () => renewing,
  };
}
