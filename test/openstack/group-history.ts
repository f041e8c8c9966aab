/**
 * How the members of a group fared while hosts were maintained, by Nova's own records of migrations. Nova keeps whole
 * seconds: a moment may be up to one second later than it says.
 */
import type { SeenMigration } from "./nova-observer.ts";

/** From when until when something held; `until` null: it still does. */
interface Span {
  readonly instance: string;
  readonly from: number;
  readonly until: number | null;
}

/** Each try counts, also one that failed: the instance was not serving undisturbed. Nova's record ends with the move. */
const impacts = (migrations: readonly SeenMigration[], recoverySeconds: number): readonly Span[] =>
  migrations.map(({ instance, createdAt, endedAt }) => ({
    instance,
    from: createdAt.getTime(),
    until: endedAt && endedAt.getTime() + recoverySeconds * 1_000,
  }));

/** The largest number of members that were moving or recovering at one moment. */
export function mostImpacted(migrations: readonly SeenMigration[], recoverySeconds: number): number {
  const spans = impacts(migrations, recoverySeconds);
  const counts = spans.map(
    ({ from }) => new Set(spans.filter((one) => covers(one, from)).map(({ instance }) => instance)).size,
  );
  return Math.max(0, ...counts);
}

const covers = ({ from, until }: Span, moment: number): boolean => from <= moment && (until === null || moment < until);

/**
 * Pairs of members that were on one host at the same time, arrivals included: an instance holds its destination from
 * the beginning of its move, and its source until the end. `hosts` is where each member was before the first move.
 */
export function sharedHosts(
  migrations: readonly SeenMigration[],
  hosts: ReadonlyMap<string, string>,
): readonly string[] {
  const stays = [...hosts].flatMap(([instance, host]) =>
    staysOf(
      instance,
      host,
      migrations.filter((one) => one.instance === instance),
    ),
  );
  return stays.flatMap((one, place) =>
    stays
      .slice(place + 1)
      .filter((other) => other.instance !== one.instance && other.host === one.host && overlap(one, other))
      .map((other) => `${one.instance} and ${other.instance} on ${one.host}`),
  );
}

function staysOf(instance: string, first: string, migrations: readonly SeenMigration[]): readonly Stay[] {
  const stays: Stay[] = [];
  let here: Stay = { instance, host: first, from: -Infinity, until: null };
  for (const { createdAt, endedAt, destination, arrived } of oldestFirst(migrations)) {
    if (destination === null) continue;
    const there = { instance, host: destination, from: createdAt.getTime(), until: null };
    const end = endedAt?.getTime() ?? null;
    if (!arrived) stays.push({ ...there, until: end });
    else {
      stays.push({ ...here, until: end });
      here = there;
    }
  }
  return [...stays, here];
}

interface Stay extends Span {
  readonly host: string;
}

const oldestFirst = (migrations: readonly SeenMigration[]): readonly SeenMigration[] =>
  migrations.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());

const overlap = (a: Span, b: Span): boolean =>
  (b.until === null || a.from < b.until) && (a.until === null || b.from < a.until);
