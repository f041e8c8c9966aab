/** I8: what moves to a host fits there, and together with what is closed for the session it leaves the operator's reserve. */
import { type Amounts, OnHost } from "../entries.ts";
import { bookings, isTold, type Seen, sweep, type Travel, travelsOf } from "../cloud.ts";
import type { History } from "../history.ts";
import { doneEnd } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeCapacity(history: History): Finding {
  const { violations, add } = violationsOf("I8");
  const travels = travelsOf(history);
  const booked = bookings(travels);
  const reserve = Object.entries(history.created?.options?.reserve ?? {})
    .filter(([, amount]) => amount > 0)
    .map(([name, amount]) => [CLASSES[name] ?? name, amount] as const);
  const free = freeOf(booked);
  let judged = 0;
  sweep(history, [...travels.map(asMoment), ...doorsIn(history)], (moment, seen) => {
    const { number, travel } = moment;
    if (moment.host !== null) free.turn(moment.host, moment.takes, number);
    if (!seen) return;
    if (travel) {
      const { to, demand, move } = travel;
      const capacity = seen.hosts.get(to)?.capacity;
      if (capacity) {
        judged += 1;
        const held = booked(to, seen, number);
        const over = Object.entries(demand).filter(
          ([name, need]) => need > 0 && (held[name] ?? 0) > (capacity[name] ?? 0),
        );
        const [first] = over;
        if (first)
          add(
            { number },
            move.instance,
            `moved to ${to}, which then held ${held[first[0]]} of ${capacity[first[0]] ?? 0} ${first[0]}`,
          );
      }
    }
    if (reserve.length === 0 || moment.takes) return;
    for (const [name, amount] of reserve) {
      const left = free.total(name, seen, number);
      if (left < amount)
        add(
          { number },
          travel?.move.instance ?? moment.host,
          `${left} ${name} were free in the cloud then, ${amount} are reserved`,
        );
    }
  });
  return {
    invariant: "I8",
    text: `${judged} moves found room at their destinations${reserve.length > 0 ? `, and ${inWords(reserve)} stayed free` : ""}`,
    violations,
    gap: gapOf(history, travels, judged),
  };
}

/** As options name what Placement counts. */
const CLASSES: Readonly<Record<string, string>> = { vcpus: "VCPU", memory_mb: "MEMORY_MB", disk_gb: "DISK_GB" };

const inWords = (amounts: readonly (readonly [string, number])[]): string =>
  amounts.map(([name, amount]) => `${amount} ${name}`).join(", ");

function gapOf(history: History, travels: readonly Travel[], judged: number): string | null {
  if (!isTold(history)) return "the journal does not tell capacity and demand";
  const blind = travels.length - judged + travels.filter(({ move }) => move.life.demand === null).length;
  return blind > 0 ? `the journal does not tell capacity and demand of ${blind} moves` : null;
}

interface Moment {
  readonly number: number;
  readonly travel: Travel | null;
  /** A host whose door was set by the session. */
  readonly host: string | null;
  readonly takes: boolean;
}

const asMoment = (travel: Travel): Moment => ({ number: travel.begin, travel, host: null, takes: false });

const doorsIn = ({ effects }: History): readonly Moment[] =>
  effects.all.flatMap((life) => {
    const on = OnHost.safeParse(life.effect);
    const at = doneEnd(life);
    if (!at || !on.success || (life.kind !== "close_host" && life.kind !== "open_host")) return [];
    return [{ number: at.number, travel: null, host: on.data.host, takes: life.kind === "open_host" }];
  });

/** What is free on all hosts that take instances. */
function freeOf(booked: (host: string, seen: Seen, number: number) => Amounts) {
  const turned = new Map<string, { readonly takes: boolean; readonly number: number }>();
  return {
    /** A door that the session set counts until a look that began later tells. */
    turn: (host: string, takes: boolean, number: number) => void turned.set(host, { takes, number }),
    total(name: string, seen: Seen, number: number): number {
      let sum = 0;
      for (const [host, { capacity, takes }] of seen.hosts) {
        const own = turned.get(host);
        const isOpen = own && own.number > seen.look.from ? own.takes : takes;
        if (isOpen) sum += (capacity[name] ?? 0) - (booked(host, seen, number)[name] ?? 0);
      }
      return sum;
    },
  };
}
