/** Amounts per Placement resource class: `{ VCPU: 4, MEMORY_MB: 8192 }`. A missing class is 0. */
export type Resources = Readonly<Record<string, number>>;

export const add = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x + y);

export const subtract = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x - y);

/** Which classes of `demand` do not fit into `free`, and by how much; empty when all fit. */
export function shortOf(demand: Resources, free: Resources): Resources {
  const short: Record<string, number> = {};
  for (const [name, amount] of Object.entries(demand)) {
    const missing = amount - (free[name] ?? 0);
    if (amount > 0 && missing > 0) short[name] = missing;
  }
  return short;
}

export const fits = (demand: Resources, free: Resources): boolean =>
  Object.entries(demand).every(([name, amount]) => amount <= 0 || amount <= (free[name] ?? 0));

/** `4 VCPU, 8192 MEMORY_MB`, for people. */
export const inWords = (resources: Resources): string =>
  Object.entries(resources)
    .filter(([, amount]) => amount !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => `${amount} ${name}`)
    .join(", ") || "nothing";

function combine(a: Resources, b: Resources, op: (x: number, y: number) => number): Resources {
  const sum: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = op(sum[name] ?? 0, amount);
  return sum;
}
