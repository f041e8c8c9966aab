/** Whose things are, by the cloud itself. */
import type { GroupId, InstanceId, ProjectId } from "../domain/ids.ts";
import type { CallOptions } from "./cloud.ts";

/**
 * Null where the cloud knows nothing under the id. A call throws `Problem("CLOUD_UNAVAILABLE")` or
 * `Problem("CLOUD_REFUSED")` where the cloud cannot be asked.
 */
export interface Ownership {
  instance(id: InstanceId, options: CallOptions): Promise<ProjectId | null>;
  /** Of a server group. */
  group(id: GroupId, options: CallOptions): Promise<ProjectId | null>;
}
