/** What a server's status and task say about its way between hosts. */
import type { ServerRow } from "./nova.ts";

type State = Pick<ServerRow, "status" | "taskState">;

/** Waits for somebody to say that the cold move was right. Nova would wait for ever. */
export const isUnconfirmed = ({ status, taskState }: State): boolean =>
  status === "VERIFY_RESIZE" && taskState === null;

/**
 * On its way, an unconfirmed cold move included. Nova sets the task before it answers a request for a move, so a server
 * without one of these is not, or no longer, being moved. An ERROR ends a move although the task often stays.
 */
export const isMoving = ({ status, taskState }: State): boolean =>
  status !== "ERROR" && (MOVING_STATUS.has(status) || (taskState !== null && MOVING_TASK.has(taskState)));

/**
 * Whether what is seen of a server where its move began is the last word. Another task (a deletion above all) takes the
 * place of the move's own in the middle of it, and only what follows shows how both ended. An ERROR may keep its task.
 */
export const isSettled = ({ status, taskState }: State): boolean =>
  status === "ERROR" ? taskState !== "deleting" : taskState === null;

const MOVING_STATUS = new Set(["MIGRATING", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE"]);
const MOVING_TASK = new Set([
  "migrating",
  "resize_prep",
  "resize_migrating",
  "resize_migrated",
  "resize_finish",
  "resize_reverting",
  "resize_confirming",
]);
