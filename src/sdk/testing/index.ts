/**
 * For authors of plugins, as "#sdk/testing". It works with any test runner: a suite is a list of named cases, each of
 * which throws when it fails, and the rest are functions that answer.
 */
export type { Case } from "./case.ts";
export { type Example, type Given, hostActionSuite, isActionDone, type Tested, testHostAction } from "./host-action.ts";
export { rehearse, type Rehearsal, type World } from "./rehearse.ts";
export { aHost, anAction, aSnapshot, NOON, type SnapshotParts } from "./snapshot.ts";
export { decide, walk, type Walked, workflowSuite } from "./workflow.ts";
