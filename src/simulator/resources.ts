/** Amounts by resource class, as Placement counts them: `VCPU`, `MEMORY_MB`, `DISK_GB`, `CUSTOM_…`. */
export type Resources = Readonly<Record<string, number>>;

/** Which class has no room for `wanted` beside what is `used`, or undefined when all have. */
export function shortOf(wanted: Resources, used: Resources, capacity: Resources): string | undefined {
  return Object.keys(wanted).find(
    (resource) => (used[resource] ?? 0) + (wanted[resource] ?? 0) > (capacity[resource] ?? 0),
  );
}

export function plus(some: Resources, more: Resources): Resources {
  const sum: Record<string, number> = { ...some };
  for (const [resource, amount] of Object.entries(more)) sum[resource] = (sum[resource] ?? 0) + amount;
  return sum;
}

export function minus(some: Resources, less: Resources): Resources {
  const rest: Record<string, number> = { ...some };
  for (const [resource, amount] of Object.entries(less)) rest[resource] = (rest[resource] ?? 0) - amount;
  return rest;
}
