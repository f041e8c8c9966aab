/**
 * The cloud as the journal tells it, at any entry: what was seen last, and what the session's own moves have certainly
 * changed since. Where a look and a move cross each other, the gentler reading counts: a violation is one for certain.
 */
import { type Amounts, CloudSeen, dataOf, type SeenApart, type SeenBudget, type SeenHost } from "./entries.ts";
import { grouped } from "./grouped.ts";
import { momentOf, type History } from "./history.ts";
import { destinationOf, type MoveLife, movesOf } from "./lives.ts";
import type { Stretch } from "./effect-lives.ts";

export type Named<Group> = Group & { readonly group: string };

/** What is known of the cloud between two tellings. It changes with the next one, so it is read at once. */
export interface Seen {
  readonly hosts: ReadonlyMap<string, SeenHost>;
  /** The budgets, and the anti-affinity groups, that an instance is a member of. */
  budgetsOf(instance: string): readonly Named<SeenBudget>[];
  apartOf(instance: string): readonly Named<SeenApart>[];
  readonly places: ReadonlyMap<string, string>;
  readonly down: ReadonlySet<string>;
  /** The look at the cloud that it is from. */
  readonly look: Stretch;
}

/** A move with where it goes: those that nobody knows the destination of are not among them. */
export interface Travel {
  readonly move: MoveLife;
  readonly to: string;
  readonly begin: number;
  readonly beginAt: number;
  /** Infinity while it is under way. */
  readonly end: number;
  readonly endAt: number;
  /** Whether it stays at its destination. */
  readonly arrives: boolean;
  readonly demand: Amounts;
}

export const isTold = ({ entries }: History): boolean => entries.some(({ kind }) => kind === "cloud_seen");

export const travelsOf = (history: History): readonly Travel[] =>
  movesOf(history)
    .flatMap((move): Travel[] => {
      const to = destinationOf(move);
      const [start] = move.life.starts;
      const [end] = move.life.ends;
      if (to === null || !start) return [];
      return [
        {
          move,
          to,
          begin: start.number,
          beginAt: start.at,
          end: end?.number ?? Infinity,
          endAt: end?.at ?? Infinity,
          arrives: move.landed !== undefined && move.landed !== null && move.landed !== move.from,
          demand: move.life.demand ?? {},
        },
      ];
    })
    .toSorted((a, b) => a.begin - b.begin);

/** Asks `judge` at each of these entries, in their order, with what is known of the cloud there; null before anything is. */
export function sweep<At extends { readonly number: number }>(
  { entries, effects }: History,
  moments: readonly At[],
  judge: (at: At, seen: Seen | null) => void,
): void {
  const looks = effects.all
    .flatMap(({ kind, starts, ends: [end] }) => {
      const [start] = starts;
      return kind === "observe" && start && end?.how === "done" ? [{ from: start.number, to: end.number }] : [];
    })
    .toSorted((a, b) => a.to - b.to);
  const hosts = new Map<string, SeenHost>();
  const budgets = membership<SeenBudget>();
  const apart = membership<SeenApart>();
  const places = new Map<string, string>();
  let down: ReadonlySet<string> = new Set();
  let seen: Seen | null = null;
  let looked = 0;
  const tellings = entries.filter(({ kind }) => kind === "cloud_seen");
  let next = 0;
  for (const moment of moments.toSorted((a, b) => a.number - b.number)) {
    for (let telling = tellings[next]; telling && telling.number < moment.number; telling = tellings[++next]) {
      const told = dataOf(telling, CloudSeen);
      if (!told) continue;
      put(hosts, told.hosts);
      budgets.change(told.budgets);
      apart.change(told.apart);
      put(places, told.places);
      if (told.down) down = new Set(told.down);
      const { number } = momentOf(telling);
      for (let look = looks[looked + 1]; look && look.to < number; look = looks[looked + 1]) looked += 1;
      const look = looks[looked] ?? { from: number, to: number };
      seen = { hosts, budgetsOf: budgets.of, apartOf: apart.of, places, down, look };
    }
    judge(moment, seen);
  }
}

function put<Item>(map: Map<string, Item>, changes: Readonly<Record<string, Item | null>>): void {
  for (const [name, item] of Object.entries(changes)) {
    if (item === null) map.delete(name);
    else map.set(name, item);
  }
}

/** Groups that are known by their members too. */
function membership<Group extends { readonly members: readonly string[] }>() {
  const groups = new Map<string, Named<Group>>();
  const byMember = new Map<string, Set<string>>();
  return {
    of: (instance: string): readonly Named<Group>[] =>
      [...(byMember.get(instance) ?? [])].flatMap((group) => groups.get(group) ?? []),
    change(changes: Readonly<Record<string, Group | null>>): void {
      for (const [group, now] of Object.entries(changes)) {
        for (const member of groups.get(group)?.members ?? []) byMember.get(member)?.delete(group);
        for (const member of now?.members ?? []) byMember.set(member, (byMember.get(member) ?? new Set()).add(group));
        if (now === null) groups.delete(group);
        else groups.set(group, { ...now, group });
      }
    },
  };
}

/** What is certainly booked on hosts, by what was seen and the session's own moves since. */
export function bookings(travels: readonly Travel[]) {
  const arriving = grouped(travels, ({ to }) => to);
  const leaving = grouped(travels, ({ move }) => move.from);
  return (host: string, { hosts, look }: Seen, number: number): Amounts => {
    const booked: Record<string, number> = { ...hosts.get(host)?.used };
    const count = (demand: Amounts, sign: 1 | -1) => {
      for (const [name, amount] of Object.entries(demand)) booked[name] = (booked[name] ?? 0) + sign * amount;
    };
    // One that began while the look was taken may be in it already.
    for (const { begin, end, arrives, demand } of arriving.get(host) ?? [])
      if (begin > look.to && begin <= number && (arrives || end > number)) count(demand, 1);
    // One that ended since the look began may have been in it still.
    for (const { end, arrives, demand } of leaving.get(host) ?? [])
      if (arrives && end > look.from && end < number) count(demand, -1);
    return booked;
  };
}
