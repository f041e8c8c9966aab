/**
 * Every error that Fenix answers or reports, in one place. `docs/errors.md` gives each code its cause and the
 * operator's next move; a test holds the two together.
 */

export const problems = {
  BODY_INVALID: { status: 422, title: "A field of the request is not acceptable" },
  BODY_UNREADABLE: { status: 400, title: "The request body is not JSON" },
  BODY_UNEXPECTED: { status: 400, title: "This request takes no body" },
  BODY_TOO_LARGE: { status: 413, title: "The request body is too large" },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: "Only application/json is understood" },
  NOT_FOUND: { status: 404, title: "There is nothing at this URL" },
  METHOD_NOT_ALLOWED: { status: 405, title: "This URL does not take this method" },
  TOKEN_NEEDED: { status: 401, title: "A valid token is needed" },
  FORBIDDEN: { status: 403, title: "The token does not allow this" },
  SESSION_NOT_FOUND: { status: 404, title: "Invalid session" },
  PROJECT_NOT_FOUND: { status: 404, title: "The project is not part of the session" },
  WEBHOOK_NOT_FOUND: { status: 404, title: "There is no such webhook" },
  INSTANCE_NOT_FOUND: { status: 404, title: "There are no constraints for this instance" },
  GROUP_NOT_FOUND: { status: 404, title: "There are no constraints for this instance group" },
  GROUP_UNKNOWN: { status: 422, title: "There is no such instance group" },
  CONSTRAINTS_HELD: { status: 409, title: "Another project has declared this" },
  WEBHOOK_UNSIGNED: { status: 409, title: "The webhook has no secret" },
  WORKFLOW_UNKNOWN: { status: 422, title: "There is no such workflow" },
  ACTION_UNKNOWN: { status: 422, title: "There is no such host action" },
  ACTION_PHASE_UNSUPPORTED: { status: 422, title: "The host action does not run in this phase" },
  HOST_UNKNOWN: { status: 422, title: "The cloud has no such host" },
  PLAN_UNKNOWN: { status: 422, title: "There is no such plan" },
  HOST_HELD: { status: 409, title: "Another session holds the host" },
  NOT_FAILED: { status: 409, title: "Only a failed session that has come to rest can be continued" },
  TOO_MANY_STREAMS: { status: 429, title: "Too many streams of events" },
  TOO_MANY_SESSIONS: { status: 509, title: "Too many sessions" },
  CLOUD_UNAVAILABLE: { status: 503, title: "The cloud does not answer" },
  CLOUD_REFUSED: { status: 502, title: "The cloud refuses what Fenix asks" },
  IDENTITY_UNAVAILABLE: { status: 503, title: "The identity service does not answer" },
  STORE_UNAVAILABLE: { status: 503, title: "The database does not answer" },
  INTERNAL: { status: 500, title: "Unknown Error" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** Something is broken or not acceptable; `detail` says what, `field` (a path such as `actions[1].plugin`) where. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly field: string | null;

  constructor(code: ProblemCode, detail: string, options: { field?: string; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field ?? null;
  }
}

export const isProblem = (error: unknown, code?: ProblemCode): error is Problem =>
  error instanceof Problem && (code === undefined || error.code === code);
