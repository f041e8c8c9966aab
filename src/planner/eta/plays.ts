/** What is left of a session, played through: each host takes the time that hosts take, by chance. */
import { isCompute, type SessionHost } from "../../domain/session.ts";
import { LEFT_MIN, type Pacing, seconds } from "./pace.ts";

interface Play {
  readonly now: Date;
  readonly drain: Pacing;
  readonly computeAction: Pacing;
  readonly otherAction: Pacing;
  readonly hostsAtOnce: number;
}

/** So many hosts are played in all, which takes some milliseconds; small sessions are played more often, within limits. */
const DRAWS = 20_000;
const PLAYS_MIN = 21;
const PLAYS_MAX = 400;

/** When each play ends, in seconds, the earliest first. Chance begins alike every time: the same facts give the same answer. */
export function plays(left: readonly SessionHost[], play: Play): readonly number[] {
  const chance = normals();
  const count = Math.min(PLAYS_MAX, Math.max(PLAYS_MIN, Math.floor(DRAWS / left.length)));
  // Those that are away already hold their places from the start.
  const inOrder = [...left.filter(isAway), ...left.filter((host) => !isAway(host))];
  return Array.from({ length: count }, () => playOnce(inOrder, play, chance)).toSorted((a, b) => a - b);
}

const isAway = ({ status }: SessionHost): boolean => status.kind === "draining" || status.kind === "in_maintenance";

function playOnce(hosts: readonly SessionHost[], play: Play, chance: () => number): number {
  // How far the true mean may be from the measured one, and then how each host differs.
  const drawFrom = ({ seconds: mean, spread, count }: Pacing) => {
    const typical = varied(mean, spread / Math.sqrt(count + 1), chance)();
    return varied(typical, spread, chance);
  };
  const drain = drawFrom(play.drain);
  const [onCompute, onOther] = [drawFrom(play.computeAction), drawFrom(play.otherAction)];
  /** When each place becomes free, the earliest first. */
  const free: number[] = [];
  let end = 0;
  for (const host of hosts) {
    const from = free.length < play.hostsAtOnce ? 0 : (free.shift() ?? 0);
    const until = from + lasts(host, play.now, drain, isCompute(host) ? onCompute : onOther);
    free.splice(placeFor(free, until), 0, until);
    end = Math.max(end, until);
  }
  return end;
}

function lasts(host: SessionHost, now: Date, drain: () => number, action: () => number): number {
  const left = (usual: number, since: Date) => Math.max(usual - seconds(since, now), LEFT_MIN * usual);
  const { status } = host;
  switch (status.kind) {
    case "draining":
      return left(drain(), status.since) + action();
    case "in_maintenance":
      return left(action(), status.since);
    default:
      return (isCompute(host) ? drain() : 0) + action();
  }
}

/** Log-normal: times are never negative, and more often much too long than much too short. */
function varied(mean: number, spread: number, chance: () => number): () => number {
  const variance = Math.log(1 + spread ** 2);
  const deviation = Math.sqrt(variance);
  return () => mean * Math.exp(deviation * chance() - variance / 2);
}

/** Where the value belongs in a sorted list. */
function placeFor(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Standard normal numbers (Box and Muller 1958) over a 32-bit generator (xorshift, Marsaglia 2003), always the same ones. */
function normals(): () => number {
  let state = 2_463_534_242;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 1) / 4_294_967_297;
  };
  let other: number | null = null;
  return () => {
    if (other !== null) {
      const normal = other;
      other = null;
      return normal;
    }
    const [radius, angle] = [Math.sqrt(-2 * Math.log(uniform())), 2 * Math.PI * uniform()];
    other = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
