/** The hosts of a session by what has still to happen to them. */
import { type CloudFacts, type Effect, isCompute, isSettled, perform, type SessionHost, type View } from "#sdk";
import type { Hold } from "./hold.ts";

/** Whether several hosts may be away at the same time. */
export const isParallel = ({ session }: View): boolean => session.options.hosts_at_once > 1;

/** Compute hosts that have still to be emptied and maintained. */
export const computesLeft = ({ hosts }: View): readonly SessionHost[] =>
  hosts.filter((host) => isCompute(host) && !isSettled(host));

/** Controllers and others: nothing has to leave them. */
export const plainHostsLeft = ({ hosts }: View): readonly SessionHost[] =>
  hosts.filter((host) => !isCompute(host) && !isSettled(host));

/** Of these hosts, those that the newest look at the cloud found. */
export function knownTo(facts: CloudFacts, hosts: readonly SessionHost[]): readonly SessionHost[] {
  const known = new Set(facts.computes.map(({ name }) => name));
  return hosts.filter(({ name }) => known.has(name));
}

export function lostHosts(view: View, facts: CloudFacts): readonly SessionHost[] {
  const left = computesLeft(view);
  const known = new Set(knownTo(facts, left));
  return left.filter((host) => !known.has(host));
}

/** Whether the host has to be closed: nobody has, or those who had closed it have opened it again. */
export function isOpen({ facts }: View, { name, closure }: SessionHost): boolean {
  if (closure !== "closed_by_others") return closure === "open";
  return facts?.computes.find((compute) => compute.name === name)?.door.kind === "open";
}

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
