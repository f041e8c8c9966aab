/**
 * P2, `PUT /v1/maintenance/{session_id}/{project_id}`: what a project replies (reference §2.4). Strict about values and
 * never about further keys: real managers send `session_id` and `instance_ids` along (reference §2.6, §6.6).
 */
import { z } from "zod";
import { InstanceId } from "../domain/ids.ts";
import { askedStates } from "../domain/question.ts";
import { InstanceAction } from "../domain/session.ts";
import { TimeInRequest } from "./times.ts";

const replyStates = [
  ...askedStates.flatMap((state) => [`ACK_${state}` as const, `NACK_${state}` as const]),
  // Nobody asks for it and one manager sends it all the same (reference §6.6); it has no effect.
  "ACK_INSTANCE_ACTION_DONE" as const,
];

/** As long as a sentence for a person needs to be. */
const REASON_MAX = 1_000;

export const ProjectReply = z
  .looseObject({
    state: z.enum(replyStates),
    instance_actions: z.record(InstanceId, InstanceAction).optional().describe("what shall be done to each instance"),
    instance_action: InstanceAction.optional().describe("the same for all instances that have none of their own"),
    retry_at: TimeInRequest.optional().describe(
      "with a NACK to PREPARE_ or PLANNED_MAINTENANCE: when to ask again, if the session grants it",
    ),
    reason: z.string().max(REASON_MAX).optional().describe("why not, in the project's words"),
  })
  .meta({
    id: "ProjectReply",
    example: {
      state: "ACK_PLANNED_MAINTENANCE",
      instance_actions: { "109e14d9-6566-42b3-93e4-76605f264d8f": "MIGRATE" },
    },
  });
export type ProjectReply = z.infer<typeof ProjectReply>;

/** The reply comes back as it came, whatever became of it (reference §2.4). */
export const ProjectReplied = z.looseObject({ state: z.string() }).meta({ id: "ProjectReplied" });

export function toReply({ state, instance_actions, instance_action, reason, retry_at }: ProjectReply) {
  return {
    state,
    instanceActions: new Map(
      Object.entries(instance_actions ?? {}).map(([id, action]) => [InstanceId.parse(id), action]),
    ),
    instanceAction: instance_action ?? null,
    reason: reason ?? null,
    retryAt: retry_at ?? null,
  };
}
