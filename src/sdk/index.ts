/** What plugin authors import, as `#sdk`. Everything here is public and changes only with a line in CHANGELOG.md. */
export { z } from "zod";
export * from "./workflow.ts";
export * from "./host-action.ts";
export { type Ended, type Program, runProgram } from "./program.ts";
export { type Revealed, reveal, TextOrSecret } from "./secret.ts";
export type { SshAccess } from "./ssh.ts";
export { pause, withinSeconds } from "./time.ts";
export { type Decision, end, enter, fail, perform, wait } from "../domain/decision.ts";
export * from "../domain/cloud.ts";
export * from "../domain/effect.ts";
export * from "../domain/ids.ts";
export * from "../domain/question.ts";
export * as resources from "../domain/resources.ts";
export type { Resources } from "../domain/resources.ts";
export * from "../domain/session.ts";
export type { Entry, View } from "../domain/view.ts";
export type { Step, Transitions, Workflow } from "../domain/workflow.ts";
export type { ActionContext, HostAction, Rerun } from "../domain/host-action.ts";
