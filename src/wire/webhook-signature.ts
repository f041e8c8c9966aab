/**
 * Signatures of Standard Webhooks (specification 1.0.0, symmetric): who knows the secret can tell that a message came
 * from Fenix, is whole, and was sent just now.
 */
import { createHmac, randomBytes } from "node:crypto";

/** Base64 after this says what it is, to people and to programs that look for secrets where none should be. */
const PREFIX = "whsec_";
const SECRET_BYTES = 32;

export const newWebhookSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString("base64");

/** The headers for exactly this text, signed with each of the secrets; a receiver needs to know one. */
export function signatureHeaders(
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(at.getTime() / 1_000);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signatures.join(" ") };
}
