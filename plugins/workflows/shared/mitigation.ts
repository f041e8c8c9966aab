/**
 * Instances whose manager asked for impact mitigation: while they are moved, there shall be room for a replacement. The
 * session's option says whether it is kept only where there is room anyway, or asked for like any other room.
 */
import { type CloudFacts, type HostName, wantsMitigation, type View, withSpareRoom } from "#sdk";

/** Whether a host is emptied only where there is room for replacements too. */
export const needsSpareRoom = ({ session }: View): boolean => session.options.on_no_spare_room === "scale_in";

/** The facts with the places that replacements for the instances on these hosts would need. */
export const withSpares = (view: View, facts: CloudFacts, hosts: readonly HostName[]): CloudFacts =>
  view.constraints.instances.size === 0 ? facts : withSpareRoom(facts, hosts, ({ id }) => wantsMitigation(view, id));

/** The same, as far as the session insists on it. */
export const withNeededSpares = (view: View, facts: CloudFacts, hosts: readonly HostName[]): CloudFacts =>
  needsSpareRoom(view) ? withSpares(view, facts, hosts) : facts;
