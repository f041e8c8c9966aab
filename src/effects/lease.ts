/** Leases: how a worker shows that it is alive, and how another one takes over when it is not. */
import type { Clock } from "../ports/clock.ts";
import type { Lease } from "../ports/effects.ts";

/** How long after a worker's death its effects are taken over. Long enough for a stalled event loop or a slow database. */
const LEASE_MS = 7_000;

/** Three renewals fit into a lease, so two may be lost. */
export const RENEW_MS = 2_000;

export const newLease = (clock: Clock, newToken: () => string): Lease => ({
  token: newToken(),
  until: leaseEnd(clock),
});

export const leaseEnd = (clock: Clock): Date => new Date(clock.now().getTime() + LEASE_MS);

/**
 * Renews until `done` aborts. Calls `lost` when the lease belongs to somebody else, and when it could not be renewed
 * before its end: from then on others may have taken over.
 */
export async function keepLease(
  renew: (until: Date) => Promise<boolean>,
  { clock, done, lost }: { readonly clock: Clock; readonly done: AbortSignal; readonly lost: () => void },
): Promise<void> {
  let end = leaseEnd(clock);
  while (!done.aborted) {
    await clock.sleep(RENEW_MS, done);
    if (done.aborted) return;
    const next = leaseEnd(clock);
    const renewed = await renew(next).catch(() => null); // The database is away: the lease may still be ours.
    if (renewed) end = next;
    if (renewed === false || clock.now() >= end) return lost();
  }
}
