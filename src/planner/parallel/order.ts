/** In which order waiting hosts are tried. */
import type { NumberedCloud } from "./numbered.ts";

/** Estimates per host that hold from the start: e and d of the bounds. */
export interface HostTimes {
  /** Longest move, and all moves through the host's outbound slots. */
  readonly drain: Float64Array;
  /** The earliest moment at which the host can be empty. */
  readonly earliestEmpty: Float64Array;
  readonly instances: Int32Array;
}

export function hostTimes(cloud: NumberedCloud): HostTimes {
  const { hostCount, instanceCount, home, moveTime, lead, outbound } = cloud;
  const drain = new Float64Array(hostCount);
  const longest = new Float64Array(hostCount);
  const earliestEmpty = new Float64Array(hostCount);
  const instances = new Int32Array(hostCount);
  const byLead = Array.from({ length: instanceCount }, (_, instance) => instance).sort((a, b) => lead[b]! - lead[a]!);
  for (const instance of byLead) {
    const host = home[instance]!;
    const time = moveTime[instance]!;
    instances[host]! += 1;
    longest[host] = Math.max(longest[host]!, time);
    drain[host]! += time / outbound[host]!;
    // Those with this lead time or a longer one have been summed up: they all leave after it.
    const empty = Math.max(lead[instance]! + drain[host]!, lead[instance]! + time);
    earliestEmpty[host] = Math.max(earliestEmpty[host]!, empty);
  }
  for (let host = 0; host < hostCount; host++) drain[host] = Math.max(drain[host]!, longest[host]!);
  return { drain, earliestEmpty, instances };
}

export type Order = "longest_first" | "fewest_first" | { readonly shuffle: (host: number) => number };

/** The planned hosts in the order in which they are tried. */
export function inOrder(cloud: NumberedCloud, times: HostTimes, order: Order): number[] {
  const hosts = Array.from({ length: cloud.hostCount }, (_, host) => host).filter((host) => cloud.planned[host] === 1);
  const long = (host: number) => cloud.action[host]! + times.drain[host]!;
  const few = (host: number) => times.instances[host]!;
  const key =
    order === "longest_first"
      ? (host: number) => -long(host)
      : order === "fewest_first"
        ? few
        : (host: number) => -long(host) * (1 + order.shuffle(host));
  const keys = Float64Array.from({ length: cloud.hostCount }, (_, host) => key(host));
  return hosts.sort((a, b) => keys[a]! - keys[b]! || a - b);
}
