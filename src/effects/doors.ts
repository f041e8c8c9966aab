/** Closing hosts to new instances and opening them again, without ever touching what others have closed (invariant I4). */
import type { HostDoor } from "../domain/cloud.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Performer } from "./performer.ts";

/** Written to the compute service. It is how a session recognises its own closing, after a crash too. */
export const closingReason = (session: SessionId): string => `maintenance: fenix session ${session}`;

export const closeHost: Performer<"close_host"> = async ({ host }, { cloud, claimed, signal }) => {
  const door = await cloud.door(host, { signal });
  if (door === null) return { kind: "failed", reason: `the cloud has no compute service on ${host}` };
  if (door.kind === "closed" && !isOurs(door, claimed.session.id)) {
    return {
      kind: "done",
      outcome: { closure: "closed_by_others" },
      text: `${host} was closed by others (${door.reason ?? "no reason given"}) and stays so`,
      consequences: { closure: { host, closure: "closed_by_others" } },
    };
  }
  if (door.kind === "open") await cloud.close(host, closingReason(claimed.session.id), { signal });
  return {
    kind: "done",
    outcome: { closure: "closed_by_session" },
    text: `closed ${host}`,
    consequences: { closure: { host, closure: "closed_by_session" } },
  };
};

/** Nova writes this where new services begin disabled (`enable_new_services`, nova/db/main/api.py, service_create). */
const NEW_SERVICE = "New compute service disabled due to config option.";

export const openHost: Performer<"open_host"> = async ({ host, adopt }, { cloud, claimed, signal }) => {
  const door = await cloud.door(host, { signal });
  if (door === null) return { kind: "failed", reason: `the cloud has no compute service on ${host} any more` };
  const isNew = adopt === true && door.kind === "closed" && door.reason === NEW_SERVICE;
  if (door.kind === "closed" && !isNew && !isOurs(door, claimed.session.id)) {
    const leftClosed = `closed by others meanwhile: ${door.reason ?? "no reason given"}`;
    return {
      kind: "done",
      outcome: { closure: "closed_by_others", leftClosed },
      text: `${host} stays closed, ${leftClosed}`,
      consequences: { closure: { host, closure: "closed_by_others" } },
    };
  }
  if (door.kind === "closed") await cloud.open(host, { signal });
  return {
    kind: "done",
    outcome: { closure: "open", leftClosed: null },
    text: `opened ${host}`,
    consequences: { closure: { host, closure: "open" } },
  };
};

const isOurs = (door: HostDoor & { kind: "closed" }, session: SessionId): boolean =>
  door.reason === closingReason(session);
