/** Who was on a host, read from the truth log: to judge whether it was empty while it was worked on. */
import type { TruthEvent } from "./truth-log.ts";

export interface Occupant {
  /** An instance, or a migration that holds the place its instance may come back to. */
  readonly consumer: string;
  readonly as: "guest" | "charge";
  readonly from: string;
  /** Null while it is still there. */
  readonly until: string | null;
}

/** Everybody who was on the host, or charged to it in Placement, at some moment from `from` to `until`. */
export function occupants(
  events: readonly TruthEvent[],
  host: string,
  { from, until }: { readonly from: Date; readonly until: Date },
): readonly Occupant[] {
  const stays = staysOn(events, host);
  return stays.filter((stay) => {
    const leaves = stay.until === null ? Infinity : Date.parse(stay.until);
    return Date.parse(stay.from) <= until.getTime() && leaves > from.getTime();
  });
}

/** Longest ago first. */
function staysOn(events: readonly TruthEvent[], host: string): readonly Occupant[] {
  const stays: Occupant[] = [];
  const open = new Map<string, Occupant>();
  const begin = (consumer: string, as: Occupant["as"], from: string): void => {
    open.set(`${as} ${consumer}`, { consumer, as, from, until: null });
  };
  const end = (consumer: string, as: Occupant["as"], until: string): void => {
    const stay = open.get(`${as} ${consumer}`);
    if (stay !== undefined) stays.push({ ...stay, until });
    open.delete(`${as} ${consumer}`);
  };
  for (const event of events) {
    if (!("host" in event) || event.host !== host) continue;
    if (event.kind === "instance_appeared") begin(event.instance, "guest", event.at);
    if (event.kind === "instance_left") end(event.instance, "guest", event.at);
    if (event.kind !== "allocation_changed") continue;
    if (event.resources === null) end(event.consumer, "charge", event.at);
    else begin(event.consumer, "charge", event.at);
  }
  return [...stays, ...open.values()];
}
