/** Where the constraints that managers declare are kept. */
import type { GroupConstraints, InstanceConstraints } from "../domain/constraint.ts";
import type { GroupId, InstanceId, ProjectId } from "../domain/ids.ts";

export interface Constraints {
  readonly instances: Declarations<InstanceConstraints, InstanceId>;
  readonly groups: Declarations<GroupConstraints, GroupId>;
}

export interface Declarations<Declared, Id> {
  /** Creates or replaces what is declared; the same again changes nothing. */
  declare(declared: Declared, at: Date): Promise<Declaration<Declared>>;
  /** The same, in place of what another project declared under the id. Members that a group had then are in no group. */
  takeOver(declared: Declared, at: Date): Promise<Declaration<Declared>>;
  find(id: Id): Promise<Kept<Declared> | undefined>;
  /** A project's, by id: at most `limit` of those whose id comes after `after`. */
  list(project: ProjectId, page: Page): Promise<readonly Kept<Declared>[]>;
  /** Does nothing when there is none. The members of a removed group stay, and are in no group. */
  remove(id: Id): Promise<void>;
}

export interface Page {
  readonly after: string;
  readonly limit: number;
}

export type Kept<Declared> = Declared & { readonly createdAt: Date; readonly updatedAt: Date };

export type Declaration<Declared> =
  | { readonly kind: "declared"; readonly kept: Kept<Declared> }
  /** Nobody has declared the group. */
  | { readonly kind: "group_unknown"; readonly group: GroupId }
  /** Another project has declared something under this id. */
  | { readonly kind: "held" };
