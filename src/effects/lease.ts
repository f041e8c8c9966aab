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
