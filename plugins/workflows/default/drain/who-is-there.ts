/** Who is still on the host, by the last look at the cloud and all that was learnt since. */
import type { CloudFacts, CloudInstance, EffectKind, EffectRecord, HostName, InstanceId, View } from "#sdk";

type Tries = readonly EffectRecord<"move_instance">[];

/** The tries of this entry to move an instance, oldest first. */
export const triesOf = (view: View, instance: InstanceId): Tries =>
  view.effectsOf("move_instance").filter(({ effect }) => effect.instance === instance);

/** The looks of this entry whether the host is empty, oldest first. */
export const checksOf = (view: View, host: HostName): readonly EffectRecord<"check_empty">[] =>
  view.effectsOf("check_empty").filter(({ effect }) => effect.host === host);

/** The occasion of a look at the cloud for what a check found on the host. Recorded only when nothing is on its way. */
export const strangersSeen = (host: HostName, check: number): string => `on:${host}:${check}`;

export const whoIsThere = (view: View, facts: CloudFacts, host: HostName): readonly CloudInstance[] =>
  facts.instances.filter((instance) => instance.host === host && !hasLeft(view, host, instance.id));

function hasLeft(view: View, host: HostName, instance: InstanceId): boolean {
  const newest = triesOf(view, instance).at(-1);
  if (newest?.status.kind === "done" && newest.status.outcome.host !== host) return !cameBack(view, host, newest);
  return isGoneByCheck(view, host, instance);
}

/** Whether the facts that show it here were read after its move had ended. */
const cameBack = (view: View, host: HostName, move: EffectRecord<"move_instance">): boolean =>
  checksOf(view, host).some(({ effect }) => {
    const sight = view.effect("observe", strangersSeen(host, effect.look));
    return sight?.status.kind === "done" && isLater(view, sight, move);
  });

/** Whether a check since the last look at the cloud did not find it: its project moved or deleted it. */
function isGoneByCheck(view: View, host: HostName, instance: InstanceId): boolean {
  const check = checksOf(view, host).findLast(({ status }) => status.kind === "done");
  if (check?.status.kind !== "done") return false;
  const sight = view.effectsOf("observe").findLast(({ status }) => status.kind === "done");
  if (sight && !isLater(view, check, sight)) return false;
  return !check.status.outcome.instances.includes(instance);
}

/** Effects stand in the order in which they were recorded, which no clock can confuse. */
const isLater = <A extends EffectKind, B extends EffectKind>(
  { effects }: View,
  a: EffectRecord<A>,
  b: EffectRecord<B>,
): boolean =>
  effects.findIndex(({ effect }) => effect === a.effect) > effects.findIndex(({ effect }) => effect === b.effect);
