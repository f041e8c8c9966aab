/** Gathers the values of an option that may be given often; commander by itself keeps the last one only. */
export const often = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];
