/** What the HTTP door asks of the engine. */
import type { SessionId } from "../domain/ids.ts";
import type { Receipt } from "../domain/question.ts";
import type { SessionRequest } from "../engine/commands/create-session.ts";
import type { ReplyRequest } from "../engine/commands/record-reply.ts";
import type { Plan } from "../planner/format/plan.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import type { Wanted } from "../planner/live-snapshot.ts";

/** Each throws a Problem that names the field where the request is not acceptable. */
export interface Commands {
  createSession(request: SessionRequest): Promise<{ readonly id: SessionId }>;
  recordReply(request: ReplyRequest): Promise<Receipt>;
  /** `state` null: where the session failed. */
  continueSession(request: { readonly session: SessionId; readonly state: string | null }): Promise<{
    readonly state: string;
  }>;
  deleteSession(id: SessionId): Promise<void>;
  /** Looks at the cloud. */
  takeSnapshot(wanted: Wanted): Promise<CloudSnapshot>;
  /** Looks at the cloud and plans. */
  planMaintenance(wanted: Wanted): Promise<{ readonly plan: Plan; readonly cloud: CloudSnapshot }>;
}
