import { isEmpty, type Occupants } from "../domain/cloud.ts";
import type { Performer } from "./performer.ts";

/** Sees whether a host is empty. Not being empty is an answer, not a failure. */
export const checkEmpty: Performer<"check_empty"> = async ({ host, heal = false }, { cloud, signal }) => {
  const healed = heal ? await cloud.healAllocations(host, { signal }) : [];
  const occupants = await cloud.occupants(host, { signal });
  const seen = `${host} ${isEmpty(occupants) ? "is empty" : `has ${whoIsThere(occupants)}`}`;
  return { kind: "done", outcome: occupants, text: [...healed, seen].join("; ") };
};

/** `2 instances (a, b), 1 allocation (c)`: who keeps a host from being empty. */
export function whoIsThere({ instances, allocations, arriving }: Occupants): string {
  const groups = [
    { name: "instances", ids: instances },
    { name: "allocations", ids: allocations },
    { name: "arriving instances", ids: arriving },
  ];
  return groups
    .filter(({ ids }) => ids.length > 0)
    .map(({ name, ids }) => `${ids.length} ${name} (${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""})`)
    .join(", ");
}
