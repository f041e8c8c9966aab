/** For load balancers and supervisors. */
import { Live, Ready } from "../../wire/health.ts";
import type { App, RouteDependencies } from "../dependencies.ts";
import { checkHealth } from "../health.ts";

export function healthRoutes(app: App, { health, clock, version }: RouteDependencies): void {
  app.get(
    "/health/live",
    {
      config: { access: "everybody" },
      schema: { tags: ["health"], summary: "Whether the process runs", response: { 200: Live } },
    },
    async () => ({ status: "live" as const, version }),
  );

  app.get(
    "/health/ready",
    {
      config: { access: "everybody" },
      schema: {
        tags: ["health"],
        summary: "Whether the process can do its work, and why not",
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const ready = await checkHealth(health, clock);
      return reply.code(ready.status === "not_ready" ? 503 : 200).send(ready);
    },
  );
}
