/** What is typed about a maintenance that is to be planned. */
import type { Command } from "commander";
import { Objective, type CloudSnapshot } from "../planner/format/snapshot.ts";
import { Refused, Usage } from "./endings.ts";
import { often } from "./often.ts";

export interface HostOptions {
  readonly hosts?: string;
  readonly host?: readonly string[];
}

export interface PlanOptions extends HostOptions {
  readonly objective?: string;
  readonly hostsAtOnce?: string;
  readonly hostsAtOncePerZone?: string;
  readonly movesAtOnce?: string;
  readonly window?: string;
  readonly actionSeconds?: string;
}

export const withHostOptions = (command: Command): Command =>
  command
    .option("--hosts <names>", "hosts to maintain, separated by commas; none named means every enabled compute")
    .option("--host <name>", "one host; may be given often", often);

export const withPlanOptions = (command: Command): Command =>
  withHostOptions(command)
    .option("--objective <name>", `one of ${Objective.options.join(", ")}`)
    .option("--hosts-at-once <number>", "closed hosts at the same time")
    .option("--hosts-at-once-per-zone <number>", "closed hosts of one zone at the same time")
    .option("--moves-at-once <number>", "moves at the same time")
    .option("--window <seconds>", "what is not done by then is blocked")
    .option("--action-seconds <seconds>", "how long the host actions of one host take");

export const namedHosts = ({ hosts, host }: HostOptions): readonly string[] => [
  ...(host ?? []),
  ...(hosts?.split(",").map((name) => name.trim()) ?? []),
];

/** What was typed, in the words of `POST /v1/maintenance/plan`; what was not typed is left out. */
export function planRequest(options: PlanOptions) {
  const { objective, hostsAtOnce, hostsAtOncePerZone, movesAtOnce, window, actionSeconds } = options;
  const hosts = namedHosts(options);
  const parsed = Objective.optional().safeParse(objective);
  if (!parsed.success) throw new Usage(`"${objective}" is none of ${Objective.options.join(", ")}`);
  return {
    ...(hosts.length > 0 && { hosts: [...hosts] }),
    ...(parsed.data && { objective: parsed.data }),
    ...(hostsAtOnce !== undefined && { max_hosts_at_once: count("--hosts-at-once", hostsAtOnce, 1) }),
    ...(hostsAtOncePerZone !== undefined && {
      max_hosts_at_once_per_zone: count("--hosts-at-once-per-zone", hostsAtOncePerZone, 1),
    }),
    ...(movesAtOnce !== undefined && { max_moves_at_once: count("--moves-at-once", movesAtOnce, 1) }),
    ...(window !== undefined && { window_seconds: count("--window", window, 0) }),
    ...(actionSeconds !== undefined && { action_seconds: count("--action-seconds", actionSeconds, 0) }),
  };
}

/** A snapshot from a file, with what was typed laid over it. */
export function laidOver(snapshot: CloudSnapshot, options: PlanOptions): CloudSnapshot {
  const { action_seconds, ...session } = planRequest(options);
  refuseUnknown(snapshot, namedHosts(options));
  return {
    ...snapshot,
    session: { ...snapshot.session, ...session },
    // Typed for all hosts, so a host's own time in the file gives way.
    ...(action_seconds !== undefined && {
      defaults: { ...snapshot.defaults, action_seconds },
      hosts: snapshot.hosts.map((host) => ({ ...host, action_seconds })),
    }),
  };
}

export function refuseUnknown({ hosts }: CloudSnapshot, named: readonly string[]): void {
  const known = new Set(hosts.map(({ host }) => host));
  const unknown = named.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Refused(`the cloud has no host ${unknown.join(", ")}`);
}

function count(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least)
    throw new Usage(`${option} ${text}: a whole number of at least ${least} is needed`);
  return number;
}
