/** Long lists are answered page by page, by the ids of what is in them. */
import { z } from "zod";
import { ProjectId } from "../domain/ids.ts";

const LIMIT_MAX = 1_000;

export const ProjectPageQuery = z.object({
  project_id: ProjectId.describe("only this project's"),
  after: z.string().max(64).default("").describe("only ids that come after this one"),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(200),
});

export const NextPage = z.string().nullable().describe("ask `after` this id for what comes next; null: that was all");

/** A page that is not full is the last one. */
export const nextPage = (ids: readonly string[], limit: number): string | null =>
  ids.length < limit ? null : (ids.at(-1) ?? null);
