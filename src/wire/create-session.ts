/** A1, `POST /v1/maintenance`: what an admin asks for (reference §2.3). Keys that we do not know are ignored. */
import { z } from "zod";
import { HostName, PluginName, type SessionId } from "../domain/ids.ts";
import { Plan } from "../planner/format/plan.ts";
import { ActionPhase, type RequestedAction, SessionOptions } from "../domain/session.ts";
import { pythonRepr, withoutNulls } from "./python-text.ts";
import { TimeInRequest } from "./times.ts";

/** A session of 10,000 hosts is the largest that Fenix is built for. */
const HOSTS_MAX = 10_000;
const ACTIONS_MAX = 100;

/** Event alarms carry the metadata to the projects as text of at most this length, and cutting it would break it. */
const METADATA_TEXT_MAX = 255;

const Metadata = z.record(z.string(), z.unknown());

const ActionRequest = z
  .object({
    plugin: PluginName,
    type: ActionPhase,
    metadata: Metadata.default({}).describe("checked by the plugin itself"),
    order: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .default(0)
      .describe("actions of one type run in this order, equal ones alphabetically"),
  })
  .meta({ id: "ActionRequest" });

/** Reply windows of a session that names none, in seconds. Set by the installation. */
export interface OptionDefaults {
  readonly replySeconds: number;
  readonly scaleInReplySeconds: number;
}

/** The request, with what this installation takes for granted. */
export const createSessionBody = (defaults: OptionDefaults) =>
  z
    .object({
      hosts: z.array(HostName).max(HOSTS_MAX).default([]).describe("none: every compute and controller of the cloud"),
      state: z.literal("MAINTENANCE").optional().describe("every session begins here"),
      maintenance_at: TimeInRequest,
      metadata: Metadata.default({})
        .refine((metadata) => pythonRepr(withoutNulls(metadata)).length <= METADATA_TEXT_MAX, {
          error: `is told to the projects as text of at most ${METADATA_TEXT_MAX} characters, and this is longer`,
        })
        .describe("told to every project"),
      workflow: PluginName.default(PluginName.parse("default")),
      actions: z.array(ActionRequest).max(ACTIONS_MAX).default([]),
      download: z
        .array(z.unknown())
        .max(0, "nothing is downloaded for a session: the operator installs plugins beforehand")
        .optional(),
      options: optionsWith(defaults).prefault({}),
      plan_digest: Plan.shape.digest
        .nullable()
        .default(null)
        .describe(
          "a plan of this Fenix: the hosts, hosts_at_once and moves_at_once are the plan's, and the session begins only while the cloud is as it was",
        ),
    })
    .meta({
      id: "CreateSession",
      example: {
        hosts: ["compute-1", "compute-2"],
        maintenance_at: "2026-11-25 08:30:00",
        metadata: { openstack_version: "Train" },
        workflow: "default",
        actions: [{ plugin: "dummy", type: "host" }],
      },
    });

type CreateSession = z.infer<ReturnType<typeof createSessionBody>>;

const optionsWith = ({ replySeconds, scaleInReplySeconds }: OptionDefaults) => {
  const { reply_seconds, scale_in_reply_seconds } = SessionOptions.shape;
  return SessionOptions.extend({
    reply_seconds: reply_seconds
      .unwrap()
      .default(replySeconds)
      .describe(reply_seconds.description ?? ""),
    scale_in_reply_seconds: scale_in_reply_seconds
      .unwrap()
      .default(scaleInReplySeconds)
      .describe(scale_in_reply_seconds.description ?? ""),
  });
};

export function toSessionRequest({
  hosts,
  maintenance_at,
  metadata,
  workflow,
  actions,
  options,
  plan_digest,
}: CreateSession) {
  const asked = actions.map(({ plugin, type, order, metadata }): RequestedAction => ({
    plugin,
    phase: type,
    order,
    metadata,
  }));
  return { hosts, maintenanceAt: maintenance_at, metadata, workflow, actions: asked, options, planDigest: plan_digest };
}

export const SessionCreated = z.object({ session_id: z.uuid() }).meta({ id: "SessionCreated" });

export const toSessionCreated = (id: SessionId): z.infer<typeof SessionCreated> => ({ session_id: id });
