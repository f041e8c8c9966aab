/** How a maintenance would go. */
import { PlanMaintenance, PlannedMaintenance, toWanted } from "../../../../wire/plan-maintenance.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";

export function planRoute(app: App, { commands }: RouteDependencies): void {
  app.post(
    "/v1/maintenance/plan",
    {
      config: { access: { rule: "fenix:maintenance:plan:post", of: "operator" } },
      schema: {
        tags: ["planning"],
        summary: "Plan a maintenance without beginning it",
        description:
          "Looks at the cloud and answers when each host would go and where each instance would go, how long that " +
          "takes, how short it could be at best, and which hosts cannot be planned and why. The plan is kept for a week: " +
          "a session can be created by its digest.",
        body: PlanMaintenance,
        response: { 200: PlannedMaintenance, default: ProblemDocument },
      },
    },
    async ({ body }) => commands.planMaintenance(toWanted(body)),
  );
}
