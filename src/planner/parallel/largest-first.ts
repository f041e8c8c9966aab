/** Sorts the instances of a host: a few dozen numbers, so often that a comparing function would take most of the time. */

/** More of them are left to the engine. */
const FEW = 64;

/** Sorts in place by `values[instance * width + column]`, the largest first; of equal ones, the lowest number first. */
export function largestFirst(instances: number[], values: Float64Array, width = 1, column = 0): number[] {
  if (instances.length > FEW)
    return instances.sort((a, b) => values[b * width + column]! - values[a * width + column]! || a - b);
  for (let end = 1; end < instances.length; end++) {
    const one = instances[end]!;
    const value = values[one * width + column]!;
    let at = end;
    for (; at > 0; at--) {
      const before = instances[at - 1]!;
      const there = values[before * width + column]!;
      if (there > value || (there === value && before < one)) break;
      instances[at] = before;
    }
    instances[at] = one;
  }
  return instances;
}
