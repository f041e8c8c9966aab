import { isAdmin } from "../../identity.ts";
import { Refusal } from "../../refusal.ts";
import { callerOf, type Call } from "../api.ts";

/** Refuses a tenant in the words of Nova's policy engine; the rule is named without its prefix. */
export function demandAdmin(call: Call, rule: string): void {
  if (isAdmin(callerOf(call))) return;
  throw new Refusal(403, `Policy doesn't allow os_compute_api:${rule} to be performed.`);
}
