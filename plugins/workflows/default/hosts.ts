/** The hosts of a session by what has still to happen to them. */
import {
  type CloudFacts,
  type CloudInstance,
  type Effect,
  type HostName,
  isCompute,
  isSettled,
  perform,
  type SessionHost,
  type View,
} from "#sdk";
import type { Hold } from "./hold.ts";

/** Compute hosts that have still to be emptied and maintained. */
export const computesLeft = ({ hosts }: View): readonly SessionHost[] =>
  hosts.filter((host) => isCompute(host) && !isSettled(host));

/** Controllers and others: nothing has to leave them. */
export const plainHostsLeft = ({ hosts }: View): readonly SessionHost[] =>
  hosts.filter((host) => !isCompute(host) && !isSettled(host));

/** Compute hosts that the newest look at the cloud did not find. */
export const lostHosts = (view: View, facts: CloudFacts): readonly SessionHost[] =>
  computesLeft(view).filter(({ name }) => !facts.computes.some((compute) => compute.name === name));

export const instancesOn = ({ instances }: CloudFacts, host: HostName): readonly CloudInstance[] =>
  instances.filter((instance) => instance.host === host);

/** Leaves hosts unmaintained, and open if it was the session that closed them. */
export function skip(view: View, hosts: readonly SessionHost[], reason: string): Hold {
  const effects = hosts.flatMap(({ name, closure }): Effect[] => [
    ...(closure === "closed_by_session" ? [{ kind: "open_host", host: name } as const] : []),
    { kind: "mark_host", host: name, status: { kind: "skipped", reason } },
  ]);
  return perform(
    effects.filter((effect) => effect.kind !== "open_host" || !view.effect("open_host", effect.host)),
    reason,
  );
}

/** Whether a host was given up in this entry. What is right now then has to be thought over from the start. */
export const hasSkipped = (view: View): boolean =>
  view.effectsOf("mark_host").some(({ effect }) => effect.status.kind === "skipped");
