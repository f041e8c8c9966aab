import { AssertionError } from "node:assert";
import type { Fault } from "../../domain/plugin.ts";

/** One test: `for (const { name, run } of suite) test(name, run);` */
export interface Case {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function expected(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message, stackStartFn: expected });
}

export const inLines = (faults: readonly Fault[]): string =>
  faults.map(({ field, message }) => `${field}: ${message}`).join("\n");
