import { ProjectId } from "../../src/domain/ids.ts";
import type { Caller } from "../../src/ports/identity.ts";

export const project = (name: string): ProjectId => ProjectId.parse(name);

/** Somebody with a token of a project in which nobody knows them. */
export const aCaller = (changes: Partial<Caller> = {}): Caller => ({
  user: { id: "u-0", name: "nobody" },
  project: project("elsewhere"),
  roles: [],
  operatorProject: project("operators"),
  ...changes,
});
