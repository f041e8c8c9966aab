/** What a session that was created by a plan is to do, as far as it still can: which host when, and where instances go. */
import type { HostName, InstanceId } from "./ids.ts";

export interface PlannedCourse {
  /** In seconds from the start of the plan: when the drain of a host begins, and when its host actions end. */
  readonly visits: ReadonlyMap<HostName, { readonly from: number; readonly until: number }>;
  /** Of each instance, where it goes from each host that it leaves. */
  readonly goals: ReadonlyMap<InstanceId, ReadonlyMap<HostName, HostName>>;
}
