import type { Webhook } from "../../src/ports/deliveries.ts";
import { NOON } from "./a-view.ts";

/** A webhook that is on; a test says only what matters to it. */
export const aWebhook = (changes: Partial<Webhook> = {}): Webhook => ({
  id: "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11",
  project: null,
  url: "http://192.0.2.20/",
  events: ["maintenance.host"],
  format: { kind: "aodh" },
  createdAt: NOON,
  off: null,
  failingSince: null,
  ...changes,
});
