/** What a project is asked to give up in SCALE_IN, as whole instances: an addition to the original's `missing`. */
import { z } from "zod";
import type { MembersWanted } from "../domain/question.ts";

export const Members = z
  .array(
    z.object({
      instances: z.int().positive().describe("so many"),
      group_id: z.string().nullable().describe("of this group; null: of no group"),
      resources: z
        .record(z.string(), z.number())
        .meta({ description: "what each takes", example: { VCPU: 2, MEMORY_MB: 4096 } }),
    }),
  )
  .describe("only with SCALE_IN, where it is known: how many members of which groups and sizes would make the room");

/** To spread into an answer: nothing where it is not known. */
export const toMembers = (members: readonly MembersWanted[] | undefined): { members?: z.infer<typeof Members> } =>
  members === undefined
    ? {}
    : {
        members: members.map(({ instances, group, demand }) => ({
          instances,
          group_id: group,
          resources: { ...demand },
        })),
      };
