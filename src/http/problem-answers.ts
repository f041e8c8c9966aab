/** Answers everything that goes wrong with a problem document, and keeps to itself what is nobody's business. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem, type ProblemCode, problems } from "../problems.ts";
import { problemDocument } from "../wire/problem-document.ts";
import { asSeenBy } from "./access.ts";
import { InvalidRequest } from "./invalid-request.ts";

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = asSeenBy(request, asProblem(error, request.id));
  const { code, message, field } = problem;
  const { status } = problems[code];
  // Without its query, which may hold a reply token.
  const [path] = request.url.split("?", 1);
  if (code === "INTERNAL") request.log.error({ err: error, path }, "request failed");
  else if (status >= 500) request.log.warn({ err: error, code }, "request could not be served");
  const faults =
    problem instanceof InvalidRequest ? problem.faults : field === null ? [] : [{ field, detail: message }];
  return reply
    .code(status)
    .type("application/json; charset=utf-8")
    .send(problemDocument(code, message, faults));
}

function asProblem(error: unknown, requestId: string): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === "string" ? frameworkProblems[code] : undefined;
  if (known) return new Problem(...known);
  // What else Fastify holds against a request comes from reading its body.
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new Problem("BODY_UNREADABLE", "the request could not be read to its end");
  return new Problem("INTERNAL", `something is broken; the log says more under ${requestId}`);
}

/** Fastify's own errors in our words. */
const frameworkProblems: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["BODY_TOO_LARGE", "a request body may have 1 MiB"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["MEDIA_TYPE_UNSUPPORTED", "send the body with content-type: application/json"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["BODY_UNREADABLE", "the request body is not JSON"],
  FST_ERR_BAD_URL: ["NOT_FOUND", "there is nothing at this URL"],
  FST_ERR_MAX_PARAM_LENGTH: ["NOT_FOUND", "there is nothing at this URL"],
};
