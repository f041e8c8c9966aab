/** Why an instance finds no place. */
import type { GroupId, HostName, InstanceId } from "../domain/ids.ts";
import { inWords, type Resources } from "../domain/resources.ts";

export type FitObstacle = { readonly instance: InstanceId } & (
  | { readonly kind: "no_room"; readonly nearest: HostName; readonly short: Resources }
  | { readonly kind: "anti_affinity"; readonly group: GroupId }
  /** All members of a hard affinity group sit on one host, and that one does not take this instance. */
  | { readonly kind: "affinity"; readonly group: GroupId }
  | { readonly kind: "zone"; readonly zone: string }
  | { readonly kind: "aggregate"; readonly needs: string }
  /** Every place was tried. */
  | { readonly kind: "tried" }
  | { readonly kind: "no_destination" }
  /** The compute service of its own host does not report: nothing can leave. */
  | { readonly kind: "source_down" }
);

export function obstacleInWords(obstacle: FitObstacle): string {
  switch (obstacle.kind) {
    case "no_room":
      return `no room: even ${obstacle.nearest} lacks ${inWords(obstacle.short)}`;
    case "anti_affinity":
      return `its anti-affinity group ${obstacle.group} has a member on every host with room`;
    case "affinity":
      return `its affinity group ${obstacle.group} allows no other host`;
    case "zone":
      return `no open host in its availability zone ${obstacle.zone}`;
    case "aggregate":
      return `no open host has what its aggregate rules ask for (${obstacle.needs})`;
    case "tried":
      return "every host that could take it was tried";
    case "no_destination":
      return "no other host is open";
    case "source_down":
      return "the compute service of its host is down";
  }
}
