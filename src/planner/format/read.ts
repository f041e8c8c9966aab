/** Reads files that somebody else wrote, and says where they are wrong. */
import type { z } from "zod";
import { Plan } from "./plan.ts";
import { CloudSnapshot } from "./snapshot.ts";

export interface FileProblem {
  /** For example `instances[3].demand.vcpus`; empty for the whole file. */
  readonly path: string;
  readonly reason: string;
}

export type ReadResult<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "invalid"; readonly problems: readonly FileProblem[] };

export const readSnapshot = (json: unknown): ReadResult<CloudSnapshot> => read(CloudSnapshot, json);

export const readPlan = (json: unknown): ReadResult<Plan> => read(Plan, json);

function read<T>(schema: z.ZodType<T>, json: unknown): ReadResult<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: "valid", value: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => ({ path: inWords(path), reason: message }));
  return { kind: "invalid", problems };
}

const inWords = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
