/**
 * Which hosts are emptied next, and where everything that leaves them goes: one joint answer for all hosts that are
 * being emptied, so that none counts on room that another one takes.
 *
 * Hosts that were begun come first, in the order given; then candidates are chosen, each only if all its instances find
 * a place beside everything that was placed before. Largest instances first, each to where the least room is left over
 * (best fit decreasing), settled hosts before others. Counts on arrays: 200 hosts with 4,000 instances among 1,000
 * hosts take tens of milliseconds. The same question has the same answer.
 */
import type { CloudFacts, CloudInstance } from "../domain/cloud.ts";
import type { GroupId, HostName, InstanceId } from "../domain/ids.ts";
import type { Resources } from "../domain/resources.ts";
import { aggregateObstacle } from "./aggregates.ts";
import { indexed, instancesOn } from "./index-facts.ts";

export interface Drains {
  /** Hosts that are being emptied, in order of precedence. */
  readonly begun: readonly HostName[];
  /** Hosts that could be emptied next, in order of preference. */
  readonly candidates: readonly HostName[];
  /** How many candidates may be chosen. */
  readonly atMost: number;
  /** Hosts that take instances now; a candidate that is chosen takes none any more. */
  readonly destinations: ReadonlySet<HostName>;
  /** Destinations that are filled before the others, such as hosts that instances need not leave again. */
  readonly preferred: ReadonlySet<HostName>;
  /** What all destinations together keep free, by Placement's resource classes. */
  readonly reserve?: Resources;
  /** How many hosts of one zone may be emptied together; null or missing: any number. */
  readonly atMostPerZone?: number | null;
  /** Where an instance goes if it can, before any other place. */
  readonly wanted?: (instance: CloudInstance) => HostName | undefined;
  /** Whether candidates wait for one before them that finds no place, as long as any host is being emptied. */
  readonly inOrder?: boolean;
  /** Instances that need no place: they are gone, or their project takes them away. */
  readonly except?: ReadonlySet<InstanceId>;
  /** Where an instance goes only when nothing else takes it, since it was tried in vain. */
  readonly avoid?: ReadonlyMap<InstanceId, ReadonlySet<HostName>>;
}

export interface Assignment {
  /** Where each instance goes that has a place. */
  readonly goals: ReadonlyMap<InstanceId, HostName>;
  /** The candidates that were chosen, best first. */
  readonly chosen: readonly HostName[];
  /** Instances on hosts that were begun and for which there is no place now. */
  readonly unplaced: readonly InstanceId[];
}

/** When so many candidates in a row do not fit, the others hardly will; they have their chance in the next turn. */
const MISSES_MAX = 40;

export function assign(facts: CloudFacts, drains: Drains): Assignment {
  const board = new Board(facts, drains);
  const unplaced = drains.begun.flatMap((host) => board.placeAll(host));
  const chosen: HostName[] = [];
  let misses = 0;
  const missesMax = () => (drains.inOrder && drains.begun.length + chosen.length > 0 ? 1 : MISSES_MAX);
  for (const host of drains.candidates) {
    if (chosen.length >= drains.atMost || misses >= missesMax()) break;
    if (board.choose(host)) {
      chosen.push(host);
      misses = 0;
    } else {
      misses += 1;
    }
  }
  return { goals: board.goals, chosen, unplaced };
}

/** Shares of room lie between 0 and the number of classes, so each rank outweighs the next. */
const CROWDED = 1e3;
const NOT_PREFERRED = 1e6;

interface Booking {
  readonly instance: CloudInstance;
  readonly site: number;
}

/** What zones and aggregates go by. */
function allowanceOf(instance: CloudInstance): string {
  const allowance =
    allowances.get(instance) ?? JSON.stringify([instance.zone, instance.aggregateSpecs, instance.project]);
  allowances.set(instance, allowance);
  return allowance;
}

const allowances = new WeakMap<CloudInstance, string>();

/**
 * Instances that are alike to every host: of the same size, allowed on the same hosts, in no group. The best place for one
 * is the best for the next, but for what has changed on hosts since it was sought.
 */
interface Kind {
  readonly sizes: readonly number[];
  readonly allowed: Uint8Array;
  /** The best place so far; null: none. */
  best: number | null;
  /** Its score, `Infinity` without one. */
  score: number;
  /** How many of the changes it knows; before the first search, none of what is there either. */
  knows: number | null;
}

class Board {
  readonly goals = new Map<InstanceId, HostName>();
  readonly #facts: CloudFacts;
  readonly #drains: Drains;
  readonly #classes: readonly string[];
  /** Compute hosts by their position; a host that is no destination has no room. */
  readonly #names: readonly HostName[];
  readonly #position: ReadonlyMap<HostName, number>;
  readonly #open: Uint8Array;
  readonly #preferred: Uint8Array;
  /** By position × class. */
  readonly #free: Float64Array;
  readonly #capacity: Float64Array;
  /** Of each class with a reserve: by how much the open hosts together have more than it. */
  readonly #spare = new Map<number, number>();
  /** How many hosts of each zone are away or chosen. */
  readonly #away = new Map<string, number>();
  /** How many instances were given a place on each host here. */
  readonly #arrivals: Uint32Array;
  /** Members of hard and soft anti-affinity groups by position, with those that were given a place. */
  readonly #members = new Map<GroupId, Map<number, number>>();
  readonly #allowed = new Map<string, Uint8Array>();
  readonly #kinds = new Map<string, Kind>();
  /** Hosts whose room or door has changed, as often as it did. */
  readonly #changes: number[] = [];

  constructor(facts: CloudFacts, drains: Drains) {
    this.#facts = facts;
    this.#drains = drains;
    const { computes } = facts;
    this.#names = computes.map(({ name }) => name);
    this.#position = new Map(this.#names.map((name, position) => [name, position]));
    const reserve = drains.reserve ?? {};
    this.#classes = [...new Set([...indexed(facts).classes, ...Object.keys(reserve)])].toSorted();
    const width = this.#classes.length;
    this.#free = new Float64Array(computes.length * width);
    this.#capacity = new Float64Array(computes.length * width);
    this.#open = new Uint8Array(computes.length);
    this.#preferred = new Uint8Array(computes.length);
    this.#arrivals = new Uint32Array(computes.length);
    const begun = new Set(drains.begun);
    for (const [position, { name, up, capacity, used }] of computes.entries()) {
      this.#open[position] = up && drains.destinations.has(name) && !begun.has(name) ? 1 : 0;
      this.#preferred[position] = drains.preferred.has(name) ? 1 : 0;
      for (const [index, resource] of this.#classes.entries()) {
        this.#capacity[position * width + index] = capacity[resource] ?? 0;
        this.#free[position * width + index] = (capacity[resource] ?? 0) - (used[resource] ?? 0);
      }
    }
    for (const [index, name] of this.#classes.entries()) {
      if (!((reserve[name] ?? 0) > 0)) continue;
      const free = this.#names.reduce(
        (sum, _, position) => sum + (this.#open[position] === 1 ? (this.#free[position * width + index] ?? 0) : 0),
        0,
      );
      this.#spare.set(index, free - (reserve[name] ?? 0));
    }
    for (const { name, zone } of computes) if (begun.has(name)) this.#countZone(zone, 1);
    for (const [host, counts] of indexed(facts).membersAt) {
      const position = this.#position.get(host);
      if (position === undefined) continue;
      for (const [group, count] of counts) this.#countsOf(group).set(position, count);
    }
  }

  /** Gives a place to all that leave the host; answers those that find none. */
  placeAll(host: HostName): readonly InstanceId[] {
    return this.#leaving(host).flatMap((instance) => (this.#place(instance) ? [] : [instance.id]));
  }

  /** Takes the host out of the destinations and places all its instances; or changes nothing and answers false. */
  choose(host: HostName): boolean {
    const position = this.#position.get(host);
    if (position === undefined) return false;
    const leaving = this.#leaving(host);
    // Nova moves nothing off a host that does not report; one that is empty can be maintained all the same.
    if (leaving.length > 0 && this.#facts.computes[position]?.up === false) return false;
    if ((this.#arrivals[position] ?? 0) > 0) return false;
    const zone = this.#facts.computes[position]?.zone ?? "";
    if ((this.#away.get(zone) ?? 0) >= (this.#drains.atMostPerZone ?? Infinity)) return false;
    const wasOpen = this.#open[position] ?? 0;
    this.#setOpen(position, 0);
    const booked: Booking[] = [];
    const fits = leaving.every((instance) => {
      const booking = this.#place(instance);
      if (booking) booked.push(booking);
      return booking !== null;
    });
    if (fits && this.#keepsReserve()) {
      this.#countZone(zone, 1);
      return true;
    }
    for (const one of booked) this.#book(one, -1);
    this.#setOpen(position, wasOpen);
    return false;
  }

  #countZone(zone: string, by: number): void {
    this.#away.set(zone, (this.#away.get(zone) ?? 0) + by);
  }

  /** What is free on a host that takes nothing any more is no reserve. */
  #setOpen(position: number, open: number): void {
    const before = this.#open[position] ?? 0;
    this.#open[position] = open;
    this.#changes.push(position);
    for (const [index, spare] of this.#spare)
      this.#spare.set(index, spare + (open - before) * (this.#free[position * this.#classes.length + index] ?? 0));
  }

  /** Also with this taken from it, where given. */
  #keepsReserve(demand: Resources = {}): boolean {
    for (const [index, spare] of this.#spare) if (spare < (demand[this.#classes[index] ?? ""] ?? 0)) return false;
    return true;
  }

  /** Largest first, by the largest share of a usual host that they take. */
  #leaving(host: HostName): readonly CloudInstance[] {
    const position = this.#position.get(host) ?? 0;
    const width = this.#classes.length;
    const sizeOf = ({ demand }: CloudInstance) =>
      Math.max(
        0,
        ...this.#classes.map((name, index) => (demand[name] ?? 0) / (this.#capacity[position * width + index] || 1)),
      );
    return instancesOn(this.#facts, host)
      .filter(({ id }) => !this.#drains.except?.has(id))
      .map((instance) => ({ instance, size: sizeOf(instance) }))
      .toSorted((a, b) => b.size - a.size || (a.instance.id < b.instance.id ? -1 : 1))
      .map(({ instance }) => instance);
  }

  #place(instance: CloudInstance): Booking | null {
    if (!this.#keepsReserve(instance.demand)) return null;
    const avoided = this.#drains.avoid?.get(instance.id);
    const wanted = this.#drains.wanted?.(instance);
    const site =
      (wanted === undefined ? null : this.#best(instance, avoided, wanted)) ??
      this.#best(instance, avoided) ??
      (avoided ? this.#best(instance) : null);
    if (site === null) return null;
    const booking = { instance, site };
    this.#book(booking, 1);
    return booking;
  }

  #best(instance: CloudInstance, avoided?: ReadonlySet<HostName>, wanted?: HostName): number | null {
    const groups = indexed(this.#facts).groupsOf.get(instance.id) ?? [];
    if (groups.length === 0 && !avoided && wanted === undefined) return this.#bestOf(this.#kindOf(instance));
    const apart = groups
      .filter(({ policy }) => policy === "anti-affinity")
      .map((group) => ({ counts: this.#countsOf(group.id), max: group.maxPerHost }));
    const crowds = groups
      .filter(({ policy }) => policy === "soft-anti-affinity")
      .map((group) => this.#countsOf(group.id));
    const together = groups.find(({ policy }) => policy === "affinity");
    const only = together ? this.#whereIts(together.members, instance) : null;
    const allowed = this.#allowedFor(instance);
    const sizes = this.#sizesOf(instance);
    const onlyWanted = wanted === undefined ? null : (this.#position.get(wanted) ?? -1);
    let best: number | null = null;
    let bestScore = Infinity;
    for (let site = 0; site < this.#names.length; site++) {
      if (this.#open[site] === 0 || allowed[site] === 0 || (only !== null && only !== site)) continue;
      if (onlyWanted !== null && onlyWanted !== site) continue;
      const room = this.#score(site, sizes);
      if (room === Infinity || apart.some(({ counts, max }) => (counts.get(site) ?? 0) >= max)) continue;
      if (avoided?.has(this.#names[site] as HostName)) continue;
      const crowd = crowds.reduce((sum, counts) => sum + (counts.get(site) ?? 0), 0);
      const score = room + crowd * CROWDED;
      if (score < bestScore) [best, bestScore] = [site, score];
    }
    return best;
  }

  #bestOf(kind: Kind): number | null {
    const known = kind.knows === null ? null : this.#scoreFor(kind, kind.best);
    const { length } = this.#changes;
    // Where the best has become worse, any other may be better now.
    if (kind.knows === null || known === null || known > kind.score || length - kind.knows > this.#names.length) {
      kind.best = null;
      kind.score = Infinity;
      for (let site = 0; site < this.#names.length; site++) this.#consider(kind, site);
    } else {
      for (let change = kind.knows; change < length; change++) this.#consider(kind, this.#changes[change] ?? 0);
    }
    kind.knows = length;
    return kind.best;
  }

  /** Of places that are equally good, the first is taken. */
  #consider(kind: Kind, site: number): void {
    const score = this.#scoreFor(kind, site);
    if (score > kind.score || (score === kind.score && site >= (kind.best ?? -1))) return;
    kind.best = site;
    kind.score = score;
  }

  #scoreFor({ sizes, allowed }: Kind, site: number | null): number {
    return site === null || this.#open[site] === 0 || allowed[site] === 0 ? Infinity : this.#score(site, sizes);
  }

  #kindOf(instance: CloudInstance): Kind {
    const sizes = this.#sizesOf(instance);
    const key = `${sizes.join()} ${allowanceOf(instance)}`;
    const known = this.#kinds.get(key);
    if (known) return known;
    const kind = { sizes, allowed: this.#allowedFor(instance), best: null, score: Infinity, knows: null };
    this.#kinds.set(key, kind);
    return kind;
  }

  #sizesOf({ demand }: CloudInstance): readonly number[] {
    return this.#classes.map((name) => demand[name] ?? 0);
  }

  /** The less the better: what is left over there, as the sum of the shares of each class; `Infinity` when it does not fit. */
  #score(site: number, wanted: readonly number[]): number {
    const width = wanted.length;
    let over = this.#preferred[site] === 1 ? 0 : NOT_PREFERRED;
    for (let index = 0; index < width; index++) {
      const amount = wanted[index] ?? 0;
      const left = (this.#free[site * width + index] ?? 0) - amount;
      if (amount > 0 && left < 0) return Infinity;
      const capacity = this.#capacity[site * width + index] ?? 0;
      if (capacity > 0) over += Math.max(0, left) / capacity;
    }
    return over;
  }

  /** Where zone and aggregates let it go. Instances that are alike in these share the answer. */
  #allowedFor(instance: CloudInstance): Uint8Array {
    const { zone } = instance;
    const key = allowanceOf(instance);
    const known = this.#allowed.get(key);
    if (known) return known;
    const allowed = Uint8Array.from(this.#facts.computes, (host) =>
      (zone === "" || zone === host.zone) && aggregateObstacle(instance, host.aggregates) === null ? 1 : 0,
    );
    this.#allowed.set(key, allowed);
    return allowed;
  }

  /** A hard affinity group is where its members that stay are, or where the first of it that leaves has its place. */
  #whereIts(members: readonly InstanceId[], instance: CloudInstance): number | null {
    const { hostOf } = indexed(this.#facts);
    for (const member of members) {
      const host = this.goals.get(member) ?? hostOf.get(member);
      if (member === instance.id || host === undefined || host === instance.host) continue;
      return this.#position.get(host) ?? -1;
    }
    return null;
  }

  #book({ instance, site }: Booking, sign: 1 | -1): void {
    const width = this.#classes.length;
    for (const [index, name] of this.#classes.entries()) {
      this.#free[site * width + index] = (this.#free[site * width + index] ?? 0) - sign * (instance.demand[name] ?? 0);
    }
    for (const [index, spare] of this.#spare)
      this.#spare.set(index, spare - sign * (instance.demand[this.#classes[index] ?? ""] ?? 0));
    this.#arrivals[site] = (this.#arrivals[site] ?? 0) + sign;
    this.#changes.push(site);
    for (const { id } of indexed(this.#facts).groupsOf.get(instance.id) ?? []) {
      const counts = this.#countsOf(id);
      counts.set(site, (counts.get(site) ?? 0) + sign);
    }
    if (sign === 1) this.goals.set(instance.id, this.#names[site] as HostName);
    else this.goals.delete(instance.id);
  }

  #countsOf(group: GroupId): Map<number, number> {
    const known = this.#members.get(group);
    if (known) return known;
    const counts = new Map<number, number>();
    this.#members.set(group, counts);
    return counts;
  }
}
