/** Who plays: the manager, and what it answers for. */
import { z } from "zod";
import { InstanceId, ProjectId } from "../domain/ids.ts";

export const Cast = z.object({
  /** Where the manager takes messages. */
  manager: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  project: ProjectId,
  instances: z.array(InstanceId).min(2, "two or more, since one alone shows too little"),
});
export type Cast = z.infer<typeof Cast>;
