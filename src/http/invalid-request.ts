/** A request that its schema does not accept: every field of it that is wrong, and the problem that names them. */
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { faultsOfIssue } from "../domain/plugin.ts";
import { Problem, type ProblemCode } from "../problems.ts";
import type { FieldFault } from "../wire/problem-document.ts";

export class InvalidRequest extends Problem {
  readonly faults: readonly FieldFault[];

  constructor(code: ProblemCode, faults: readonly FieldFault[]) {
    super(code, inWords(faults), faults[0] === undefined ? {} : { field: faults[0].field });
    this.faults = faults;
  }
}

/** Checks the parts of a request against their zod schemas. */
export const validate: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    return { error: httpPart === "params" ? nothingThere(parsed.error) : notAcceptable(parsed.error, data) };
  };

/** Nothing can be under an id that cannot exist. */
function nothingThere({ issues }: z.ZodError): Problem {
  const [id] = issues[0]?.path ?? [];
  if (id === "session_id") return new Problem("SESSION_NOT_FOUND", "a session's id is a UUID, and this is none");
  if (id === "project_id") return new Problem("PROJECT_NOT_FOUND", "this cannot be the id of a project");
  if (id === "webhook_id") return new Problem("WEBHOOK_NOT_FOUND", "a webhook's id is a UUID, and this is none");
  if (id === "instance_id") return new Problem("INSTANCE_NOT_FOUND", "this cannot be the id of an instance");
  if (id === "group_id") return new Problem("GROUP_NOT_FOUND", "this cannot be the id of an instance group");
  return new Problem("NOT_FOUND", "there is nothing at this URL");
}

/** More faults help nobody, and a body can hold as many as it has values. */
const FAULTS_MAX = 20;

function notAcceptable({ issues }: z.ZodError, data: unknown): Problem {
  if (data === null || data === undefined) return new Problem("BODY_UNREADABLE", "this request needs a JSON body");
  const faults = issues.flatMap(faultsOf).slice(0, FAULTS_MAX);
  return new InvalidRequest("BODY_INVALID", faults);
}

const faultsOf = (issue: z.core.$ZodIssue): readonly FieldFault[] =>
  faultsOfIssue(issue).map(({ field, message }) => ({ field, detail: message }));

const inWords = (faults: readonly FieldFault[]): string =>
  faults.map(({ field, detail }) => (field === "" ? detail : `${field}: ${detail}`)).join("; ");
