/** What is played, in this order: a session as workflows `default` and `vnf` lead it, with all that can go wrong on the way. */
import type { InstanceId } from "../domain/ids.ts";
import type { InstanceAction } from "../domain/session.ts";
import type { Format } from "./letters.ts";
import type { Play } from "./play.ts";

export interface Scene {
  readonly title: string;
  readonly play: (play: Play) => Promise<unknown>;
}

const allowedActions: readonly InstanceAction[] = ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"];
const missing = { VCPU: 2, MEMORY_MB: 4_096 };

const each = async (instances: readonly InstanceId[], play: (instance: InstanceId) => Promise<void>) =>
  Promise.all(instances.map(play));

const conversation: readonly Scene[] = [
  { title: "a maintenance is announced", play: ({ ask }) => ask({ state: "MAINTENANCE" }) },
  { title: "the announcement comes once more", play: ({ again }) => again("MAINTENANCE") },
  { title: "there is no room", play: ({ ask }) => ask({ state: "SCALE_IN", missing }) },
  { title: "there is still no room", play: ({ ask }) => ask({ state: "SCALE_IN", missing }) },
  {
    title: "all instances in one question (workflow default)",
    play: ({ ask }) => ask({ state: "PREPARE_MAINTENANCE", allowedActions }),
  },
  {
    title: "each instance in a question of its own, at once (workflow vnf)",
    play: ({ ask, instances }) =>
      each(instances, (instance) => ask({ state: "PLANNED_MAINTENANCE", instance, allowedActions })),
  },
  { title: "the instances have been moved", play: ({ tellDone, instances }) => each(instances, tellDone) },
  {
    title: "only LIVE_MIGRATE is offered",
    play: ({ ask, instances: [first] }) =>
      ask({ state: "PLANNED_MAINTENANCE", ...(first && { instance: first }), allowedActions: ["LIVE_MIGRATE"] }),
  },
  {
    title: "a message arrives twice at the same moment",
    play: ({ ask, instances }) => ask({ state: "PREPARE_MAINTENANCE", ...lastOf(instances), allowedActions }, 2),
  },
  {
    title: "Fenix cannot keep the first reply",
    play: ({ ask }) => ask({ state: "PLANNED_MAINTENANCE", allowedActions, failures: 1 }),
  },
  {
    title: "a question arrives after its time",
    play: ({ askTooLate, instances }) =>
      askTooLate({ state: "PLANNED_MAINTENANCE", ...lastOf(instances), allowedActions }),
  },
  { title: "everything is back", play: ({ ask }) => ask({ state: "MAINTENANCE_COMPLETE" }) },
  { title: "an old message comes again", play: ({ again }) => again("PREPARE_MAINTENANCE") },
];

const forgery: Scene = {
  title: "somebody else sends messages (signatures)",
  play: ({ forge }) => forge(),
};

/** What is played to a manager with messages of this kind: only those that are signed can be forged. */
export const scenesFor = (kind: Format["kind"]): readonly Scene[] =>
  kind === "aodh" ? conversation : [...conversation, forgery];

function lastOf(instances: readonly InstanceId[]): { readonly instance?: InstanceId } {
  const instance = instances.at(-1);
  return instance === undefined ? {} : { instance };
}
