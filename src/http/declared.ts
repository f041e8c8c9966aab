/** Who may declare what, and what became of a declaration: what is kept now, or the problem that says why nothing is. */
import type { InstanceConstraints } from "../domain/constraint.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { Constraints, Declaration, Kept } from "../ports/constraints.ts";
import { Problem } from "../problems.ts";
import type { RequestAccess } from "./access.ts";

/**
 * In whose name a group is declared. Tacker names the project that it keeps a VNF under, and shows a token of the project
 * that the VNF runs in: the group is then of the latter, where it can limit nobody else (docs/decisions/0007).
 */
export function declaringProject(access: RequestAccess, named: ProjectId): ProjectId {
  if (!access.allows(named) && access.project !== null && access.allows(access.project)) return access.project;
  access.demand(named, { field: "project_id" });
  return named;
}

/** Nobody joins a stranger's group: its members would wait for each other (invariant I12: it is not there). */
export async function demandOwnGroup(
  access: RequestAccess,
  { project, group }: InstanceConstraints,
  groups: Constraints["groups"],
): Promise<void> {
  if (group === null || access.allows(null, "fenix:instance_group:put")) return;
  const kept = await groups.find(group);
  if (kept === undefined || kept.project === project || access.allows(kept.project, "fenix:instance_group:put")) return;
  throw groupUnknown(group);
}

const groupUnknown = (group: string): Problem =>
  new Problem("GROUP_UNKNOWN", `nobody has declared the group ${group}`, { field: "group_id" });

export function keptOf<Declared>(declaration: Declaration<Declared>, field: string, id: string): Kept<Declared> {
  switch (declaration.kind) {
    case "declared":
      return declaration.kept;
    case "group_unknown":
      throw groupUnknown(declaration.group);
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
