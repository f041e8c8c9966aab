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
export {
  constraintsFrom,
  type DeclaredConstraints,
  type GroupConstraints,
  groupOf,
  type Impacted,
  type ImpactedMember,
  type InstanceConstraints,
  type InstanceGroup,
  leadSeconds,
  maxImpacted,
  maxInterruptionSeconds,
  maxPerHost,
  migrationType,
  recoverySeconds,
  standIn,
  wantsMitigation,
} from "../domain/constraint.ts";
export * from "../domain/effect.ts";
export { grouped } from "../domain/grouped.ts";
export * from "../domain/ids.ts";
export type { PlannedCourse } from "../domain/planned-course.ts";
export * from "../domain/question.ts";
export { type Recreated, replacementsOf } from "../domain/replacement.ts";
export * as resources from "../domain/resources.ts";
export type { Resources } from "../domain/resources.ts";
export * from "../domain/session.ts";
export type { Entry, View } from "../domain/view.ts";
export type { Step, Transitions, Workflow } from "../domain/workflow.ts";
export type { ActionContext, HostAction, Rerun } from "../domain/host-action.ts";
export { keptClosed, reportOf, windUp } from "../domain/wind-up.ts";
export { assign, type Assignment, type Drains } from "../planner/assign.ts";
export * from "../planner/fit.ts";
export { groupsOf, instanceIn, instancesOn } from "../planner/index-facts.ts";
export { foresee, type ForeseenMove } from "../planner/foresee.ts";
export { type RoomRequest, roomRequests, type Spare } from "../planner/room-requests.ts";
export { isSpareRoom, spareRoomOn, withSpareRoom } from "../planner/spare-room.ts";
export { type FitObstacle, obstacleInWords } from "../planner/obstacle.ts";
