/** `/v1/projects/{project_id}/manager`: how a project's manager learns what is asked, if nobody tells it. Ours alone. */
import { z } from "zod";
import { IsoTime } from "./times.ts";
import { ProjectPath } from "./paths.ts";

export const ManagerPath = ProjectPath.pick({ project_id: true });

export const DeclareManager = z
  .object({ polls: z.boolean().describe("it looks by itself for what is asked, and replies") })
  .meta({ id: "DeclareManager" });

export const Manager = z
  .object({ project_id: z.string(), polls: z.boolean(), since: IsoTime.nullable() })
  .meta({ id: "Manager" });

export const toManager = (project: string, since: Date | null): z.infer<typeof Manager> => ({
  project_id: project,
  polls: since !== null,
  since: since?.toISOString() ?? null,
});
