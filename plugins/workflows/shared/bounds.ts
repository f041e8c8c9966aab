/**
 * Bounds that let no session go round in circles (reference B18). Whatever happened before the last progress does not
 * count: progress is a host maintained, or an admin who continued the session.
 */
import type { Entry, View } from "#sdk";

/** How often the projects have been asked to scale in, this time included. */
export const scaleInRounds = (view: View): number => inVain(view, ["SCALE_IN"]);

/**
 * Whether hosts were emptied too often without any being maintained: each SCALE_IN for which projects may be asked and
 * each host given up excuses one entry, and a host may fill again three times between "empty" and its maintenance.
 */
export function drainsInVain(view: View): boolean {
  const drains = inVain(view, ["PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"]);
  const givenUp = view.hosts.filter(({ status }) => status.kind === "skipped" || status.kind === "failed").length;
  const asked = Math.min(scaleInRounds(view), view.session.options.scale_in_rounds);
  return drains > 3 + givenUp + asked;
}

function inVain(view: View, states: readonly string[]): number {
  const progress = Math.max(
    0,
    ...view.hosts.map(({ status }) => (status.kind === "maintained" ? status.at.getTime() : 0)),
  );
  const failed = view.entries.findLastIndex(({ state }) => state === "MAINTENANCE_FAILED");
  const counts = ({ state, since }: Entry) => states.includes(state) && since.getTime() >= progress;
  return view.entries.slice(failed + 1).filter(counts).length;
}
