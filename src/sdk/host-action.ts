import type { z } from "zod";
import type { HostAction } from "../domain/host-action.ts";
import type { ActionPhase } from "../domain/session.ts";

/** A quarter of an hour: enough for a reboot; whoever needs longer says so. */
const DEFAULT_TIMEOUT_SECONDS = 900;

type Definition<Schema extends z.ZodType> = Omit<
  HostAction<z.infer<Schema>>,
  "metadata" | "rerun" | "timeoutSeconds" | "phases"
> & {
  readonly metadata: Schema;
  readonly phases: readonly [ActionPhase, ...ActionPhase[]];
} & Partial<Pick<HostAction<z.infer<Schema>>, "rerun" | "timeoutSeconds">>;

/** Defines a host action. Undeclared, it runs at most once and for at most 15 minutes. */
export function defineHostAction<Schema extends z.ZodType>(definition: Definition<Schema>): HostAction<z.infer<Schema>> {
  const rerun = definition.rerun ?? "at-most-once";
  if (rerun === "detectable" && !definition.isDone)
    throw new Error(`host action ${definition.name}: "detectable" needs isDone`);
  return {
    ...definition,
    metadata: definition.metadata as z.ZodType<z.infer<Schema>>,
    rerun,
    timeoutSeconds: definition.timeoutSeconds ?? (() => DEFAULT_TIMEOUT_SECONDS),
  };
}
