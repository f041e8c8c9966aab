/** What became of a declaration, as an answer: what is kept now, or the problem that says why nothing is. */
import type { ProjectId } from "../domain/ids.ts";
import type { Declaration, Kept } from "../ports/constraints.ts";
import { Problem } from "../problems.ts";
import type { RequestAccess } from "./access.ts";

export function keptOf<Declared>(declaration: Declaration<Declared>, field: string, id: string): Kept<Declared> {
  switch (declaration.kind) {
    case "declared":
      return declaration.kept;
    case "group_unknown":
      throw new Problem("GROUP_UNKNOWN", `nobody has declared the group ${declaration.group}`, {
        field: "group_id",
      });
    case "held":
      throw new Problem("CONSTRAINTS_HELD", `another project has declared ${id}`, { field });
  }
}

/** What was found, if the caller may do to it what the route does; for anybody else there is nothing. */
export const own = <Found extends { readonly project: ProjectId }>(access: RequestAccess, found: Found | undefined) =>
  access.only(found ? [found] : [], ({ project }) => access.allows(project));

/** A body must mean what its URL means. */
export function sameAsUrl(field: string, inBody: string, inUrl: string): void {
  if (inBody !== inUrl) throw new Problem("BODY_INVALID", `must be ${inUrl}, as in the URL`, { field });
}
