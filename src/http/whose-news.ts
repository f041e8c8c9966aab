/** Whose notifications a caller gets to see: everybody's, or one project's. */
import type { ProjectId } from "../domain/ids.ts";
import type { RequestAccess } from "./access.ts";

export type WhoseNews =
  /** `project` null: everybody's. */
  { readonly kind: "visible"; readonly project: ProjectId | null } | { readonly kind: "nobody's" };

/** `asked` undefined: as much as the caller may see, which is everything or the caller's own project. */
export function whoseNews(access: RequestAccess, asked: ProjectId | undefined): WhoseNews {
  if (access.allows(null)) return { kind: "visible", project: asked ?? null };
  const project = asked ?? access.project;
  return project !== null && access.allows(project) ? { kind: "visible", project } : { kind: "nobody's" };
}
