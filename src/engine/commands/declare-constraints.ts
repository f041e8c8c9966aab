/**
 * What a manager declares about a thing of its project. An id belongs to whoever declared it first, except where the cloud
 * says whose the thing is: then its owner takes the place of a stranger (docs/decisions/0007).
 */
import type { ProjectId } from "../../domain/ids.ts";
import type { CallOptions } from "../../ports/cloud.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Declaration, Declarations } from "../../ports/constraints.ts";

/** More than Nova needs to answer, and less than managers wait. */
const ASK_CLOUD_MS = 10_000;

export interface Declaring<Declared> {
  readonly declarations: Pick<Declarations<Declared, never>, "declare" | "takeOver">;
  /** Whose the thing is by the cloud; null where it knows none. */
  readonly ownerOf: (options: CallOptions) => Promise<ProjectId | null>;
  readonly clock: Pick<Clock, "now">;
  /** Told when a stranger's declaration was replaced. */
  readonly onTakenOver: () => void;
}

/**
 * The cloud is asked only where another project holds the id. Throws `Problem("CLOUD_UNAVAILABLE")` when it cannot say
 * then: the manager declares again later.
 */
export async function declareConstraints<Declared extends { readonly project: ProjectId }>(
  declared: Declared,
  { declarations, ownerOf, clock, onTakenOver }: Declaring<Declared>,
): Promise<Declaration<Declared>> {
  const declaration = await declarations.declare(declared, clock.now());
  if (declaration.kind !== "held") return declaration;
  const owner = await ownerOf({ signal: AbortSignal.timeout(ASK_CLOUD_MS) });
  if (owner !== declared.project) return declaration;
  const taken = await declarations.takeOver(declared, clock.now());
  if (taken.kind === "declared") onTakenOver();
  return taken;
}
