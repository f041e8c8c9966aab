/**
 * What may be asked of Fenix and who may ask it unless the operator's policy file says otherwise. The names of what the
 * original Fenix had are the original's (reference §2.8), so its policy files can be used.
 */

export interface Rule {
  readonly check: string;
  readonly description: string;
  /** The requests it decides on; empty for a rule that others are made of. */
  readonly requests: readonly string[];
}

const shared = (check: string, description: string): Rule => ({ check, description, requests: [] });
const asked = (check: string, description: string, ...requests: readonly string[]): Rule => ({
  check,
  description,
  requests,
});

export const rules = {
  admin: shared("role:admin", "The infrastructure admin."),
  operator_reader: shared(
    "rule:admin or role:service or (role:reader and project_id:%(operator_project_id)s)",
    "Who may look at sessions and names of hosts; operator_project_id is the project of Fenix's own user.",
  ),
  project_reader: shared(
    "rule:admin or ((role:reader or role:member) and project_id:%(project_id)s)",
    "Who may see what is a project's own.",
  ),
  project_member: shared("rule:admin or (role:member and project_id:%(project_id)s)", "Who may answer for a project."),

  "fenix:maintenance:post": asked("rule:admin", "Create a maintenance session.", "POST /v1/maintenance"),
  "fenix:maintenance:plan:post": asked(
    "rule:operator_reader",
    "Plan a maintenance without beginning it.",
    "POST /v1/maintenance/plan",
  ),
  "fenix:cloud:get": asked("rule:operator_reader", "Look at the cloud.", "GET /v1/cloud"),
  "fenix:maintenance:get": asked("rule:operator_reader", "List the sessions.", "GET /v1/maintenance"),
  "fenix:maintenance:session:get": asked(
    "rule:operator_reader",
    "See where a session stands.",
    "GET /v1/maintenance/{session_id}",
  ),
  "fenix:maintenance:session:put": asked(
    "rule:admin",
    "Continue a failed session.",
    "PUT /v1/maintenance/{session_id}",
  ),
  "fenix:maintenance:session:delete": asked(
    "rule:admin",
    "End and forget a session.",
    "DELETE /v1/maintenance/{session_id}",
  ),
  "fenix:maintenance:session:detail:get": asked(
    "rule:operator_reader",
    "See everything about a session.",
    "GET /v1/maintenance/{session_id}/detail",
  ),
  "fenix:maintenance:session:timeline:get": asked(
    "rule:operator_reader",
    "See what happened to a session.",
    "GET /v1/maintenance/{session_id}/timeline",
  ),
  "fenix:maintenance:session:notifications:get": asked(
    "rule:operator_reader or rule:project_reader",
    "See what a session told, and what became of it. A project sees what was told to it.",
    "GET /v1/maintenance/{session_id}/notifications",
  ),
  "fenix:maintenance:session:project:get": asked(
    "rule:operator_reader or rule:project_reader",
    "See what a session means for a project.",
    "GET /v1/maintenance/{session_id}/{project_id}",
  ),
  "fenix:maintenance:session:project:put": asked(
    "rule:project_member",
    "Reply in a project's name.",
    "PUT /v1/maintenance/{session_id}/{project_id}",
  ),
  "fenix:maintenance:session:project:instance:put": asked(
    "rule:project_member",
    "Reply in a project's name for one instance.",
    "PUT /v1/maintenance/{session_id}/{project_id}/{instance_id}",
  ),
  "fenix:instance:get": asked(
    "rule:project_reader",
    "See the constraints of a project's instances. Lists have those that the caller may see.",
    "GET /v1/instance",
    "GET /v1/instance/{instance_id}",
  ),
  "fenix:instance:put": asked(
    "rule:project_member",
    "Declare the constraints of an instance.",
    "PUT /v1/instance/{instance_id}",
  ),
  "fenix:instance:delete": asked(
    "rule:project_member",
    "Take back the constraints of an instance.",
    "DELETE /v1/instance/{instance_id}",
  ),
  "fenix:instance_group:get": asked(
    "rule:project_reader",
    "See the constraints of a project's instance groups. Lists have those that the caller may see.",
    "GET /v1/instance_group",
    "GET /v1/instance_group/{group_id}",
  ),
  "fenix:instance_group:put": asked(
    "rule:project_member",
    "Declare the constraints of an instance group.",
    "PUT /v1/instance_group/{group_id}",
  ),
  "fenix:instance_group:delete": asked(
    "rule:project_member",
    "Take back the constraints of an instance group.",
    "DELETE /v1/instance_group/{group_id}",
  ),
  "fenix:project:sessions:get": asked(
    "rule:operator_reader or rule:project_reader",
    "See which sessions concern a project, and what they ask it.",
    "GET /v1/projects/{project_id}/sessions",
  ),
  "fenix:project:manager:get": asked(
    "rule:operator_reader or rule:project_reader",
    "See whether a project's manager looks by itself for what is asked.",
    "GET /v1/projects/{project_id}/manager",
  ),
  "fenix:project:manager:put": asked(
    "rule:project_member",
    "Declare that a project's manager looks by itself for what is asked.",
    "PUT /v1/projects/{project_id}/manager",
  ),
  "fenix:events:get": asked(
    "rule:operator_reader or rule:project_reader",
    "Follow what is told. A project follows what it is told.",
    "GET /v1/events",
  ),
  "fenix:webhook:post": asked("rule:project_member", "Register a webhook of a project.", "POST /v1/webhooks"),
  // Its URL may hold a manager's secret, so mere readers do not see it.
  "fenix:webhook:get": asked(
    "rule:project_member",
    "See a webhook of a project. Lists have those that the caller may see.",
    "GET /v1/webhooks",
    "GET /v1/webhooks/{webhook_id}",
  ),
  "fenix:webhook:delete": asked(
    "rule:project_member",
    "Remove a webhook of a project.",
    "DELETE /v1/webhooks/{webhook_id}",
  ),
  "fenix:webhook:secret:post": asked(
    "rule:project_member",
    "Change the secret of a webhook of a project.",
    "POST /v1/webhooks/{webhook_id}/secret",
  ),
  "fenix:webhook:infrastructure": asked(
    "rule:admin or role:service",
    "Webhooks of no project, which hear of hosts and sessions: register, see, change and remove them.",
    "POST /v1/webhooks",
    "GET /v1/webhooks",
    "GET /v1/webhooks/{webhook_id}",
    "POST /v1/webhooks/{webhook_id}/secret",
    "DELETE /v1/webhooks/{webhook_id}",
  ),
} as const satisfies Readonly<Record<string, Rule>>;

/** A rule that decides on requests. */
export type RuleName = Extract<keyof typeof rules, `fenix:${string}`>;
