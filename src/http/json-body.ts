/** What may come as a body: JSON that the database can hold, and nothing where nothing belongs. */
import { Problem } from "../problems.ts";
import type { FieldFault } from "../wire/problem-document.ts";
import type { App } from "./dependencies.ts";
import { InvalidRequest } from "./invalid-request.ts";

/** Metadata of sessions and actions may be nested, but no reader of it, PostgreSQL included, digs without end. */
const DEPTH_MAX = 32;

export function acceptJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Old clients say application/json on a DELETE and send nothing (reference §2.1).
    if (body.length === 0) done(null, undefined);
    else void parse(request, body.toString(), done);
  });
  app.addHook("onRequest", async ({ method, headers, is404 }) => {
    const takesNone = method === "GET" || method === "HEAD" || method === "DELETE";
    const sendsSome = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
    if (takesNone && sendsSome && !is404) throw new Problem("BODY_UNEXPECTED", `${method} takes no body here`);
  });
  app.addHook("preValidation", async ({ body, query }) => {
    const fault = whatCannotBeKept(query) ?? whatCannotBeKept(body);
    if (fault !== null) throw new InvalidRequest("BODY_INVALID", [fault]);
  });
}

/** The first part of a JSON value that PostgreSQL cannot hold: the character NUL, half a character, a bottomless pit. */
function whatCannotBeKept(value: unknown, field = "", depth = 0): FieldFault | null {
  if (typeof value === "string" && isUnfit(value)) return { field, detail: "holds a character that is no text" };
  if (typeof value !== "object" || value === null) return null;
  if (depth === DEPTH_MAX) return { field, detail: `is nested more than ${DEPTH_MAX} levels deep` };
  for (const [key, child] of Object.entries(value)) {
    if (isUnfit(key)) return { field, detail: "has a key with a character that is no text" };
    const at = Array.isArray(value) ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
    const fault = whatCannotBeKept(child, at, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

/** With the flag `u` only a surrogate without its other half counts as one. */
const isUnfit = (text: string): boolean => /[\0\p{Surrogate}]/u.test(text);
