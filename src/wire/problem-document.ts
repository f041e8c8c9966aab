/**
 * What every refusal and failure answers: a problem document (RFC 9457) that keeps the keys of the original Fenix,
 * `error` and `message`. It is sent as application/json and not as application/problem+json, because the original's
 * clients ask for the one and have never heard of the other (reference §2.1).
 */
import { z } from "zod";
import { type ProblemCode, problems } from "../problems.ts";

const codes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

const FieldFault = z.object({ field: z.string(), detail: z.string() });
export type FieldFault = z.infer<typeof FieldFault>;

export const ProblemDocument = z
  .object({
    type: z.string().meta({ example: "urn:fenix:problem:SESSION_NOT_FOUND" }),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes).describe("explained in docs/errors.md"),
    detail: z.string(),
    field: z.string().optional().meta({ description: "what to correct", example: "actions[0].plugin" }),
    errors: z.array(FieldFault).optional().describe("all that is to be corrected"),
    error: z.string().describe("the title, for old clients"),
    message: z.string().describe("the detail, for old clients"),
  })
  .meta({ id: "Problem" });
export type ProblemDocument = z.infer<typeof ProblemDocument>;

/** `faults` are all the fields to be corrected; the first one is also told as `field`. */
export function problemDocument(
  code: ProblemCode,
  detail: string,
  faults: readonly FieldFault[] = [],
): ProblemDocument {
  const { status, title } = problems[code];
  const [first] = faults;
  return {
    type: `urn:fenix:problem:${code}`,
    title,
    status,
    code,
    detail,
    ...(first && { field: first.field, errors: [...faults] }),
    error: title,
    // The one message that the original had for everything that went wrong (reference §2.1).
    message: code === "INTERNAL" ? title : detail,
  };
}
