import { CloudSnapshot } from "../../planner/format/snapshot.ts";
import { snapshotOf, type Wanted } from "../../planner/live-snapshot.ts";
import type { Cloud } from "../../ports/cloud.ts";
import { Problem } from "../../problems.ts";

export interface TakingSnapshots {
  readonly cloud: Cloud;
}

/** How long the answer may wait for the cloud: a look at ten thousand hosts takes seconds, and clients wait half a minute. */
const LOOK_WITHIN_MS = 25_000;

/** The live cloud in the snapshot format, with the session that is wanted. Says by field which of its hosts is unknown. */
export async function takeSnapshot(wanted: Wanted, { cloud }: TakingSnapshots): Promise<CloudSnapshot> {
  const facts = await cloud.facts({ signal: AbortSignal.timeout(LOOK_WITHIN_MS) });
  const snapshot = snapshotOf(facts, wanted);
  const known = new Set(snapshot.hosts.map(({ host }) => host));
  const unknown = (wanted.session?.hosts ?? []).findIndex((host) => !known.has(host));
  if (unknown >= 0)
    throw new Problem("HOST_UNKNOWN", `the cloud has no host "${wanted.session?.hosts?.[unknown]}"`, {
      field: `hosts[${unknown}]`,
    });
  const parsed = CloudSnapshot.safeParse(snapshot);
  if (parsed.success) return parsed.data;
  // The cloud contradicts itself, such as an instance that it lists twice.
  throw new Problem("CLOUD_UNAVAILABLE", `the look at the cloud does not hold together: ${parsed.error.message}`);
}
