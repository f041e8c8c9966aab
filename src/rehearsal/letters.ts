/** A message in the manager's format, and how it is sealed at the moment when it is sent. */
import { randomUUID } from "node:crypto";
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { MaintenanceScheduled } from "../domain/notification.ts";
import { aodhCallback } from "../wire/aodh-callback.ts";
import { cloudEvent } from "../wire/cloud-event.ts";
import type { Links } from "../wire/links.ts";
import { newWebhookSecret, signatureHeaders } from "../wire/webhook-signature.ts";

/** How a webhook wants its messages; one with a secret gets CloudEvents that are signed with it. */
export type Format = { readonly kind: "aodh" } | { readonly kind: "cloudevents"; readonly secret: string };

/** CloudEvents that are signed with a secret; without one, with a new one. */
export const signedWith = (secret = newWebhookSecret()) => ({ kind: "cloudevents", secret }) as const;

/** Sent again it is the same, under the same id. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

export interface Letters {
  readonly write: (notification: MaintenanceScheduled) => Message;
  /** Left out: what Fenix would say now. Otherwise a forgery. */
  readonly headers: (message: Message, forged?: Partial<Seal>) => Readonly<Record<string, string>>;
}

interface Seal {
  readonly secret: string;
  readonly at: Date;
}

export function lettersFor(
  { format, session, project }: { readonly format: Format; readonly session: SessionId; readonly project: ProjectId },
  links: Links,
): Letters {
  const webhook = { id: randomUUID(), project };
  return {
    write: (notification) => {
      const event = { messageId: randomUUID(), generated: new Date(), session, notification };
      const body = format.kind === "aodh" ? aodhCallback(event, webhook, links) : cloudEvent(event, links);
      return { id: event.messageId, body: JSON.stringify(body) };
    },
    headers: (message, forged = {}) => {
      if (format.kind === "aodh") return { "content-type": "application/json" };
      const { secret, at } = { secret: format.secret, at: new Date(), ...forged };
      return { "content-type": "application/cloudevents+json", ...signatureHeaders({ ...message, at }, [secret]) };
    },
  };
}
