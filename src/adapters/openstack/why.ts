/** Finds the words in which Nova tells why a move failed. They are spread over four places, and some failures leave none. */
import type { CallOptions } from "../../ports/cloud.ts";
import { Unanswered } from "./http.ts";
import type { ActionDetail, Nova, ServerRow } from "./nova.ts";

/** A sentence for the report; never empty. A cloud that cannot be asked for it now does not hold up the verdict. */
export async function whyItFailed(
  nova: Nova,
  { id, fault }: Pick<ServerRow, "id" | "fault">,
  requestId: string | null,
  options: CallOptions,
): Promise<string> {
  try {
    const [action, [migration]] = await Promise.all([
      moveAction(nova, id, requestId, options),
      nova.migrations({ instance_uuid: id }, options),
    ]);
    const said = [fault, ...detailsOf(action)].filter((text) => text !== null);
    const told = [...new Set(said)].join("; ");
    // A hypervisor that gives up leaves an action full of successes; only the migration's status knows.
    const status =
      migration === undefined ? "there is no migration of it" : `its migration is in status ${migration.status}`;
    return told === "" ? `the cloud gives no reason, but ${status}` : told;
  } catch (error) {
    if (error instanceof Unanswered) return fault ?? "the cloud could not be asked for the reason";
    throw error;
  }
}

async function moveAction(
  nova: Nova,
  id: ServerRow["id"],
  requestId: string | null,
  options: CallOptions,
): Promise<ActionDetail | null> {
  if (requestId !== null) return nova.action(id, requestId, options);
  const newest = (await nova.actions(id, options)).find(({ action }) => MOVES.has(action));
  return newest === undefined ? null : nova.action(id, newest.request_id, options);
}

const MOVES = new Set(["migrate", "live-migration", "confirmResize"]);

/** `details` are told from 2.84 on; below, only that and where it went wrong. */
function detailsOf(action: ActionDetail | null): string[] {
  const failed = (action?.events ?? []).filter(({ result }) => result === "Error");
  const details = failed.flatMap((event) => (event.details ? [event.details] : []));
  return details.length > 0 ? details : failed.slice(0, 1).map(({ event }) => `${event} failed`);
}
