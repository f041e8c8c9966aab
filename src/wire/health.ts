/** `/health/live` and `/health/ready`: whether the process runs, and whether it can do its work. */
import { z } from "zod";

export const Live = z.object({ status: z.literal("live"), version: z.string() }).meta({ id: "Live" });

const CheckAnswer = z.object({
  ok: z.boolean(),
  required: z.boolean().describe("when it fails, requests go elsewhere"),
  reason: z.string().nullable().describe("why it is not well"),
});

export const Ready = z
  .object({
    status: z.enum(["ready", "impaired", "not_ready"]).describe("impaired: something that is not required fails"),
    checks: z.record(z.string(), CheckAnswer),
  })
  .meta({ id: "Ready" });
export type Ready = z.infer<typeof Ready>;
