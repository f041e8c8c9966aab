/** Closing and opening compute hosts, several at once. */
import { type EffectRecord, fail, type HostName, perform, type SessionHost, type View } from "#sdk";
import { type Hold, troubleWith, untilEnded } from "./hold.ts";

/** A quarter of an hour leaves room for a cloud that is out of reach for a while. */
const DOOR_SECONDS = 900;

export interface Doors {
  readonly close: readonly HostName[];
  readonly open: readonly HostName[];
  readonly why: string;
}

/** Null once all are as they should be. A host that cannot be closed ends the session; one that cannot be opened does not. */
export function setDoors(view: View, { close, open, why }: Doors): Hold | null {
  const effects = [
    ...close.filter((host) => !view.effect("close_host", host)).map((host) => ({ kind: "close_host", host }) as const),
    ...open.filter((host) => !view.effect("open_host", host)).map((host) => ({ kind: "open_host", host }) as const),
  ];
  if (effects.length > 0) return perform(effects, why);
  return untilSet(view) ?? failUnclosed(view.effectsOf("close_host"));
}

type Door = EffectRecord<"close_host"> | EffectRecord<"open_host">;

/** Waits for all doors that are being moved in this entry. */
export function untilSet(view: View): Hold | null {
  for (const record of [...view.effectsOf("close_host"), ...view.effectsOf("open_host")]) {
    const hold = untilMoved(view, record);
    if (hold) return hold;
  }
  return null;
}

/** Waits for one door. */
export function untilMoved(view: View, record: Door): Hold | null {
  const verb = record.effect.kind === "close_host" ? "closed" : "opened";
  return untilEnded(view, record, `${record.effect.host} to be ${verb}`, DOOR_SECONDS);
}

/** Closes one host; null once it is closed. */
export function closed(view: View, { name }: SessionHost, why: string): Hold | null {
  const record = view.effect("close_host", name);
  if (!record) return perform([{ kind: "close_host", host: name }], why);
  return untilMoved(view, record) ?? failUnclosed([record]);
}

function failUnclosed(records: readonly EffectRecord<"close_host">[]): Hold | null {
  const unclosed = records.find((record) => troubleWith(record) !== null);
  return (
    (unclosed &&
      fail(
        `could not close ${unclosed.effect.host} to new instances: ${troubleWith(unclosed)}`,
        "Check that its nova-compute service exists and that Fenix's user may disable services; then continue the session.",
      )) ??
    null
  );
}
