import type { z } from "zod";
import { hostRoles } from "../domain/cloud.ts";
import type { HostAction } from "../domain/host-action.ts";
import type { ActionPhase } from "../domain/session.ts";

/** A quarter of an hour: enough for a reboot; whoever needs longer says so. */
const DEFAULT_TIMEOUT_SECONDS = 900;

/** For actions that make sense before, on and after the hosts alike. */
export const everyPhase = ["pre", "host", ...hostRoles, "post"] as const satisfies readonly ActionPhase[];

type Definition<Schema extends z.ZodType> = Omit<
  HostAction<z.infer<Schema>>,
  "metadata" | "rerun" | "timeoutSeconds" | "phases"
> & {
  readonly metadata: Schema;
  readonly phases: readonly [ActionPhase, ...ActionPhase[]];
} & Partial<Pick<HostAction<z.infer<Schema>>, "rerun" | "timeoutSeconds">>;

/**
 * Defines a host action. Undeclared, it runs at most once and for at most 15 minutes. What comes back has forgotten its
 * type of metadata, so that a registry can hold all kinds; the schema is asked before anything is handed to `run`.
 */
export function defineHostAction<Schema extends z.ZodType>(definition: Definition<Schema>): HostAction {
  const rerun = definition.rerun ?? "at-most-once";
  if (rerun === "detectable" && !definition.isDone)
    throw new Error(`host action ${definition.name}: "detectable" needs isDone`);
  const timeoutSeconds = definition.timeoutSeconds ?? (() => DEFAULT_TIMEOUT_SECONDS);
  return { ...definition, rerun, timeoutSeconds } as HostAction;
}
