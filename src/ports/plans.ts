/** Where plans are kept, so that a session can be created by the digest of one. */
import type { Plan } from "../planner/format/plan.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";

/** A plan with the cloud that it was made for. */
export interface KeptPlan {
  readonly plan: Plan;
  readonly cloud: CloudSnapshot;
}

export interface Plans {
  /**
   * Keeps a plan under its digest; made again for a cloud that has hardly changed, the newer cloud is kept with it. Old
   * plans go, except those by which a session goes that has not ended.
   */
  keep(kept: KeptPlan, at: Date): Promise<void>;
  /** Undefined: no plan with this digest is kept. */
  find(digest: string): Promise<KeptPlan | undefined>;
}
