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
  const { hostCount, home, moveTime, lead, outbound } = cloud;
  const drain = new Float64Array(hostCount);
  const longest = new Float64Array(hostCount);
  const earliestEmpty = new Float64Array(hostCount);
  const instances = new Int32Array(hostCount);
  for (const instance of byLead(lead)) {
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

/** The instances, those with the longest lead times first; in most clouds all have the same. */
function byLead(lead: Float64Array): Int32Array {
  const instances = Int32Array.from(lead.keys());
  return lead.every((seconds) => seconds === lead[0]) ? instances : instances.sort((a, b) => lead[b]! - lead[a]!);
}

/** What a host's number of instances weighs against its time, each in shares of the mean host. */
const FEWER_FIRST = 0.3;

/**
 * The planned hosts in the order in which they are tried: long ones first, so that none of them is the last; of hosts
 * that take equally long, those with few instances, which soon make room for others. `noise` shakes the order.
 */
export function inOrder(cloud: NumberedCloud, times: HostTimes, noise: (host: number) => number = () => 0): number[] {
  const hosts = Array.from({ length: cloud.hostCount }, (_, host) => host).filter((host) => cloud.planned[host] === 1);
  const long = (host: number) => cloud.action[host]! + times.drain[host]!;
  const mean = (of: (host: number) => number) => hosts.reduce((sum, host) => sum + of(host), 0) / hosts.length || 1;
  const meanLong = mean(long);
  const meanFew = mean((host) => times.instances[host]!);
  const keys = new Float64Array(cloud.hostCount);
  for (const host of hosts)
    keys[host] = (FEWER_FIRST * times.instances[host]!) / meanFew - long(host) / meanLong + noise(host);
  return hosts.sort((a, b) => keys[a]! - keys[b]! || a - b);
}
